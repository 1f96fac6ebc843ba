"""The rows that a champion does not know, and those of them that are held back to compare it with a challenger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from foldwise.data.cells import listed
from foldwise.data.holdout import HoldoutRecord, Positions
from foldwise.data.table import Table
from foldwise.errors import DataError
from foldwise.spec.study import DataSpec

Keys = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ChampionContext:
    """The rows of the champion.

    holdout: the record by which its rows were set aside; the same rows are set aside again.
    columns: the columns that identified a row in its study; None if they were not kept.
    trained: sorted keys of the rows that it was trained on; None if they were not kept, and then no row counts as new.
    new_rows: the share of the rows unknown to it that is held back in addition to the holdout.
    features: the columns that it answers from, as far as they are known.
    """

    holdout: HoldoutRecord
    columns: tuple[str, ...] | None
    trained: Keys | None
    new_rows: float
    features: tuple[str, ...] = ()

    def keys(self, table: Table, data: DataSpec) -> Keys:
        """The keys of a table's rows, (rows, 1 or 2), as `row_keys`."""
        return row_keys(table, data, identity_columns(table, data) if self.columns is None else self.columns)

    def not_trained(self, keys: Keys) -> npt.NDArray[np.bool_]:
        """A mask (rows,) of the rows whose keys (rows, keys) occur in none of its training rows."""
        if self.trained is None:
            return np.zeros(len(keys), dtype=np.bool_)
        return ~_share(keys, self.trained)


def check_features(table: Table, features: Sequence[str]) -> None:
    """Refuse rows without one of the champion's columns: a challenger would answer from other columns than its clients send.

    Raises:
        DataError: a column cannot be learned from now, such as one that is constant or empty.
    """
    gone = [name for name in features if name not in table.schema.names]
    if gone:
        reasons = listed([f"{name}: {table.left_out.get(name, 'not a feature')}" for name in gone])
        rule = f"column {gone[0]} is a feature of the champion and cannot be learned from any more ({reasons})"
        raise DataError(f"{rule}; fix the source, or tune a model without it")


def identity_columns(table: Table, data: DataSpec) -> tuple[str, ...]:
    """The columns that identify a row: data.row_key, else all except the target and data.drop; an image has its pixels."""
    return data.row_key or tuple(str(name) for name in table.raw.columns if name not in data.drop)


def row_keys(table: Table, data: DataSpec, columns: tuple[str, ...]) -> Keys:
    """The keys of each row, (rows, 1 or 2): a hash of the row and, if data.group is set, one of its group.

    A training row of a model, a copy of it, and a row of the same group share a key. Keys depend on the cells alone, so they
    stay the same as the table grows.

    Raises:
        DataError: a column is missing.
    """
    keys = [table.row_hashes(columns, data.reading.decimal)]
    if data.group is not None:
        keys.append(table.row_hashes((data.group,), data.reading.decimal))
    return np.column_stack(keys)


def fresh_holdout(
    table: Table, development: Positions, context: ChampionContext, data: DataSpec
) -> tuple[Positions, Positions]:
    """Split the development rows: the newest rows that the champion does not know are held back.

    data.time orders the rows, else their order in the source. Rows that share a key stay together.

    Returns:
        positions to develop on, positions held back.
    """
    keys = context.keys(table, data)[development]
    new = np.flatnonzero(context.not_trained(keys))
    count = int(len(new) * context.new_rows)
    if not count:
        return development, development[:0]
    moments = table.rows if table.times is None else table.times
    by_age = new[np.argsort(moments[development[new]], kind="stable")]
    back = np.isin(np.arange(len(keys)), by_age[-count:])
    while True:  # a row brings its group along, and the group copies of its rows
        more = _share(keys, keys[back])
        if (more == back).all():
            return development[~back], development[back]
        back = more


def judging(
    table: Table, development: Positions, held: Table, context: ChampionContext, data: DataSpec
) -> npt.NDArray[np.bool_]:
    """A mask (rows of held,) of the rows set aside that share no key with a training row of either model.

    Args:
        table: the rows.
        development: positions in it that the challenger is trained on.
        held: the rows set aside, of the table or of a file.
        context: the champion's rows. If they were not kept, the rule of its holdout guarantees that it does not know `held`.
        data: names the group.
    """
    keys, ours = context.keys(held, data), context.keys(table, data)[development]
    unknown = ~_share(keys, ours)
    return unknown if context.trained is None else unknown & context.not_trained(keys)


def _share(keys: Keys, known: Keys) -> npt.NDArray[np.bool_]:
    """A mask (rows,) of the rows with a known key."""
    return np.asarray(np.isin(keys, known).any(axis=1), dtype=np.bool_)

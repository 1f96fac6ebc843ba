"""A study that goes on where an earlier one was: which rows are new, and which of them are held back to judge by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from foldwise.data.holdout import HoldoutRecord, Positions, row_hashes
from foldwise.data.sources.read import Labelled, decimal_mark
from foldwise.data.table import Table

Keys = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ChampionContext:
    """What an earlier model of the same data knew.

    holdout: how its rows were set aside; the same rows are again.
    columns: those that tell rows apart, as they were then; None where that was not kept.
    trained: sorted keys of the rows that it was trained on; None where that was not kept, and then no row is known to be new.
    new_rows: the share of the rows that it was not trained on that is held back beside the holdout.
    """

    holdout: HoldoutRecord
    columns: tuple[str, ...] | None
    trained: Keys | None
    new_rows: float

    def keys(self, table: Table, data: Labelled) -> Keys:
        """What the rows of a table are known by, (rows, 1 or 2), as `row_keys`."""
        return row_keys(table, data, identity_columns(table, data) if self.columns is None else self.columns)

    def not_trained(self, keys: Keys) -> npt.NDArray[np.bool_]:
        """Which rows (rows,) of these keys (rows, keys) share none with a row that it was trained on."""
        if self.trained is None:
            return np.zeros(len(keys), dtype=np.bool_)
        return ~_share(keys, self.trained)


def identity_columns(table: Table, data: Labelled) -> tuple[str, ...]:
    """The columns that tell rows apart: data.row_key, else all but the target and data.drop; images are told by pixels."""
    return data.row_key or tuple(str(name) for name in table.raw.columns if name not in data.drop)


def row_keys(table: Table, data: Labelled, columns: tuple[str, ...]) -> Keys:
    """What a row is known by, (rows, 1 or 2): a hash of itself and, where data.group is said, one of its group.

    A row that a model was trained on, a copy of it, and a row of a group that it knows share a key with its training rows. Keys
    follow from the cells alone, so they stay the same as the table grows.

    Raises:
        DataError: one of the columns is gone.
    """
    keys = [row_hashes(table, columns, decimal_mark(data))]
    if data.group is not None:
        keys.append(row_hashes(table, (data.group,), decimal_mark(data)))
    return np.column_stack(keys)


def fresh_holdout(
    table: Table, development: Positions, context: ChampionContext, data: Labelled
) -> tuple[Positions, Positions]:
    """Parts the development rows into those to develop on and the newest of those that the earlier model did not see.

    Newest is by data.time where it is said, else by the order of the source. Rows that share a key stay together.

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
    while True:  # a group brings its rows along, and these their copies
        more = _share(keys, keys[back])
        if (more == back).all():
            return development[~back], development[back]
        back = more


def judging(
    table: Table, development: Positions, held: Table, context: ChampionContext, data: Labelled
) -> npt.NDArray[np.bool_]:
    """Which of the rows that were set aside, (rows of held,), neither model knows, nor a row that shares a key with them.

    Args:
        table: the rows.
        development: positions in it that the challenger is trained on.
        held: the rows set aside, of the table or of a file.
        context: what the champion knew. Where its rows were not kept, the rule by which rows were set aside vouches for it.
        data: names the group.
    """
    keys, ours = context.keys(held, data), context.keys(table, data)[development]
    unknown = ~_share(keys, ours)
    return unknown if context.trained is None else unknown & context.not_trained(keys)


def _share(keys: Keys, known: Keys) -> npt.NDArray[np.bool_]:
    """Which rows (rows,) have one of the known keys."""
    return np.asarray(np.isin(keys, known).any(axis=1), dtype=np.bool_)

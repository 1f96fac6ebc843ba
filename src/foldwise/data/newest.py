"""A study that goes on where an earlier one was: which rows are new, and which of them are held back to judge by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from foldwise.data.holdout import HoldoutRecord, Positions, key_columns, row_hashes
from foldwise.data.sources import Labelled, decimal_mark
from foldwise.data.table import Table

Hashes = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Since:
    """What an earlier model of the same data knew.

    holdout: how its rows were set aside; the same rows are again.
    trained: sorted hashes of the rows that it was trained on; None where that was not kept, and then no row is known to be new.
    newest: the share of the rows that it was not trained on that is held back beside the holdout.
    """

    holdout: HoldoutRecord
    trained: Hashes | None
    newest: float

    def not_trained(self, hashes: Hashes) -> npt.NDArray[np.bool_]:
        """Which of these rows it was surely not trained on, (rows,)."""
        if self.trained is None:
            return np.zeros(len(hashes), dtype=np.bool_)
        return ~np.isin(hashes, self.trained)


def identities(table: Table, data: Labelled) -> Hashes:
    """A number a row, (rows,), of data.row_key, else data.group, else all cells: it stays the same as the table grows."""
    return row_hashes(table, key_columns(table, data), decimal_mark(data))


def hold_back(table: Table, development: Positions, since: Since, data: Labelled) -> tuple[Positions, Positions]:
    """Parts the development rows into those to develop on and the newest of those that the earlier model did not see.

    Newest is by data.time where it is said, else by the order of the source. Rows of equal identity stay together.

    Returns:
        positions to develop on, positions held back.
    """
    hashes = identities(table, data)[development]
    new = np.flatnonzero(since.not_trained(hashes))
    count = int(len(new) * since.newest)
    if not count:
        return development, development[:0]
    moments = table.rows if table.times is None else table.times
    by_age = new[np.argsort(moments[development[new]], kind="stable")]
    back = np.isin(hashes, hashes[by_age[-count:]])
    return development[~back], development[back]

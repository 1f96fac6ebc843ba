"""Prepared folds, kept while trials ask for the same preparation again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from foldwise.data.prepare import FoldData, prepare_fold
from foldwise.data.split import Split
from foldwise.data.table import Table
from foldwise.data_specs import PrepSpec

MOST_BYTES = 1 << 30


class FoldCache:
    """The folds of a table by preparation; the least recently used are given up beyond `most_bytes`.

    One preparation is always kept, however large: its trial needs it.
    """

    def __init__(self, table: Table, splits: Sequence[Split], most_bytes: int = MOST_BYTES) -> None:
        self._table, self._splits, self._most = table, splits, most_bytes
        self._kept: OrderedDict[PrepSpec, tuple[FoldData, ...]] = OrderedDict()

    def folds(self, prep: PrepSpec) -> tuple[FoldData, ...]:
        """All folds under a preparation, each prepared by `prepare_fold`."""
        if prep not in self._kept:
            self._kept[prep] = tuple(prepare_fold(self._table, split, prep) for split in self._splits)
        self._kept.move_to_end(prep)
        while len(self._kept) > 1 and sum(map(_bytes, self._kept.values())) > self._most:
            self._kept.popitem(last=False)
        return self._kept[prep]


def _bytes(folds: Sequence[FoldData]) -> int:
    return sum(data.train_x.nbytes + data.valid_x.nbytes + data.train_y.nbytes + data.valid_y.nbytes for data in folds)

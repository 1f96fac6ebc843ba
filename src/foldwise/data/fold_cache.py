"""Prepared folds, kept for trials with the same preparation."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from functools import partial

from foldwise.data.fold_store import FoldStore
from foldwise.data.preparation.fold import NO_BALANCE, FoldData, prepare_fold
from foldwise.data.split import Split
from foldwise.data.table import Table
from foldwise.seeds import Purpose, derive
from foldwise.spec.balance import BalanceSpec
from foldwise.spec.prep import PrepSpec

MOST_BYTES = 1 << 30


class FoldCache:
    """The folds of a table by preparation and balance; above `most_bytes` the least recently used are dropped.

    The folds in use are always kept. The draws of balancing depend on (seed, fold), so equal trials get equal rows. With a
    `store`, folds that another process prepared are not prepared again.
    """

    def __init__(
        self,
        table: Table,
        splits: Sequence[Split],
        seed: int = 0,
        most_bytes: int = MOST_BYTES,
        store: FoldStore | None = None,
    ) -> None:
        self._table, self._splits, self._seed, self._most, self._store = table, splits, seed, most_bytes, store
        self._kept: OrderedDict[tuple[PrepSpec, BalanceSpec], tuple[FoldData, ...]] = OrderedDict()

    def folds(self, prep: PrepSpec, balance: BalanceSpec = NO_BALANCE) -> tuple[FoldData, ...]:
        """All folds under a preparation, each prepared by `prepare_fold`.

        Raises:
            TrialFailed: the classes of a fold cannot be balanced like that.
        """
        options = (prep, balance)
        if options not in self._kept:
            name = {"prep": prep.model_dump(mode="json"), "balance": balance.model_dump(mode="json"), "seed": self._seed}
            prepare = partial(self._prepare, prep, balance)
            self._kept[options] = prepare() if self._store is None else self._store.folds(name, prepare)
        self._kept.move_to_end(options)
        while len(self._kept) > 1 and sum(map(_bytes, self._kept.values())) > self._most:
            self._kept.popitem(last=False)
        return self._kept[options]

    def _prepare(self, prep: PrepSpec, balance: BalanceSpec) -> tuple[FoldData, ...]:
        return tuple(
            prepare_fold(self._table, split, prep, balance, derive(Purpose.BALANCE, self._seed, fold))
            for fold, split in enumerate(self._splits)
        )


def _bytes(folds: Sequence[FoldData]) -> int:
    return sum(data.train_x.nbytes + data.valid_x.nbytes + data.train_y.nbytes + data.valid_y.nbytes for data in folds)

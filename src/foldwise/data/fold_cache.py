"""Prepared folds, kept while trials ask for the same preparation again."""

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
    """The folds of a table by preparation and balance; the least recently used are given up beyond `most_bytes`.

    One of them is always kept, however large: its trial needs it. What balancing draws follows from (seed, fold), so trials
    that ask for the same get the same rows. With a `store`, what another process prepared is not prepared again.
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
            TrialFailed: the classes of a fold cannot be balanced so.
        """
        asked = (prep, balance)
        if asked not in self._kept:
            name = {"prep": prep.model_dump(mode="json"), "balance": balance.model_dump(mode="json"), "seed": self._seed}
            prepare = partial(self._prepare, prep, balance)
            self._kept[asked] = prepare() if self._store is None else self._store.folds(name, prepare)
        self._kept.move_to_end(asked)
        while len(self._kept) > 1 and sum(map(_bytes, self._kept.values())) > self._most:
            self._kept.popitem(last=False)
        return self._kept[asked]

    def _prepare(self, prep: PrepSpec, balance: BalanceSpec) -> tuple[FoldData, ...]:
        return tuple(
            prepare_fold(self._table, split, prep, balance, derive(Purpose.BALANCE, self._seed, fold))
            for fold, split in enumerate(self._splits)
        )


def _bytes(folds: Sequence[FoldData]) -> int:
    return sum(data.train_x.nbytes + data.valid_x.nbytes + data.train_y.nbytes + data.valid_y.nbytes for data in folds)

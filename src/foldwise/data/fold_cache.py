"""Prepared folds, kept for trials with the same preparation as far as memory allows."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from typing import overload

from foldwise.data.fold_store import FoldStore
from foldwise.data.preparation.fold import NO_BALANCE, FoldData, prepare_fold
from foldwise.data.split import Split
from foldwise.data.table import Table
from foldwise.seeds import Purpose, derive
from foldwise.spec.balance import BalanceSpec
from foldwise.spec.prep import PrepSpec

MOST_BYTES = 1 << 30


class Folds(Sequence[FoldData]):
    """The folds of one preparation, each prepared when it is asked for; those that fit are kept.

    Args:
        prepare: the number of a fold -> its rows.
        count: how many there are.
        fits: whether so many more bytes can be kept.
    """

    def __init__(self, prepare: Callable[[int], FoldData], count: int, fits: Callable[[int], bool]) -> None:
        self._prepare, self._count, self._fits = prepare, count, fits
        self._kept: dict[int, FoldData] = {}
        self._shapes: dict[int, tuple[int, int]] = {}

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, place: int) -> FoldData: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[FoldData]: ...
    def __getitem__(self, place: int | slice) -> FoldData | Sequence[FoldData]:
        if isinstance(place, slice):
            return tuple(self[number] for number in range(*place.indices(self._count)))
        number = range(self._count)[place]
        if number in self._kept:
            return self._kept[number]
        data = self._prepare(number)
        rows, features = data.train_x.shape
        self._shapes[number] = rows, features
        if self._fits(_bytes(data)):
            self._kept[number] = data
        return data

    @property
    def nbytes(self) -> int:
        """The bytes of the folds that are kept."""
        return sum(map(_bytes, self._kept.values()))

    @property
    def largest(self) -> tuple[int, int]:
        """The training rows of the fold that has most, and the features of the fold that has most."""
        self._look_at_all()
        rows, features = zip(*self._shapes.values(), strict=True)
        return max(rows), max(features)

    @property
    def widest(self) -> FoldData:
        """The first fold with the most features."""
        self._look_at_all()
        return self[max(range(self._count), key=lambda number: self._shapes[number][1])]

    def _look_at_all(self) -> None:
        for number in range(self._count):
            if number not in self._shapes:
                self[number]


class FoldCache:
    """The folds of a table by preparation and balance, in at most `most_bytes`.

    Where these do not hold all folds of a preparation, the last ones are prepared anew for each trial. Folds of other
    preparations make room, the least recently used first. The draws of balancing depend on (seed, fold), so equal trials get
    equal rows. With a `store`, folds that another process prepared are not prepared again.
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
        self._kept: OrderedDict[tuple[PrepSpec, BalanceSpec], Folds] = OrderedDict()

    def folds(self, prep: PrepSpec, balance: BalanceSpec = NO_BALANCE) -> Folds:
        """All folds under a preparation, each prepared by `prepare_fold` when it is asked for.

        To ask for a fold raises TrialFailed if its classes cannot be balanced like that. With a `store`, all are prepared now.
        """
        options = (prep, balance)
        if options not in self._kept:
            count, prepare = len(self._splits), partial(self._prepare, prep, balance)
            if self._store is None:
                self._kept[options] = Folds(prepare, count, self._fits)
            else:
                name = {"prep": prep.model_dump(mode="json"), "balance": balance.model_dump(mode="json"), "seed": self._seed}
                stored = self._store.folds(name, lambda: map(prepare, range(count)))
                self._kept[options] = Folds(stored.__getitem__, count, self._fits)
        self._kept.move_to_end(options)
        return self._kept[options]

    def _prepare(self, prep: PrepSpec, balance: BalanceSpec, fold: int) -> FoldData:
        return prepare_fold(self._table, self._splits[fold], prep, balance, derive(Purpose.BALANCE, self._seed, fold))

    def _fits(self, more: int) -> bool:
        """Whether there is room for so many bytes of the preparation in use, once others have made room."""
        while len(self._kept) > 1 and self._bytes + more > self._most:
            self._kept.popitem(last=False)
        return self._bytes + more <= self._most

    @property
    def _bytes(self) -> int:
        return sum(folds.nbytes for folds in self._kept.values())


def _bytes(data: FoldData) -> int:
    return data.train_x.nbytes + data.valid_x.nbytes + data.train_y.nbytes + data.valid_y.nbytes

"""Prepared folds, kept for trials with the same preparation as far as memory allows."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from threading import RLock
from typing import overload

from foldwise.data.fold_store import FoldStore
from foldwise.data.preparation.fold import NO_BALANCE, FoldData, prepare_fold
from foldwise.data.split import Split
from foldwise.data.table import Table
from foldwise.seeds import Purpose, derive
from foldwise.spec.balance import BalanceSpec
from foldwise.spec.prep import PrepSpec

MOST_BYTES = 1 << 30

Options = tuple[PrepSpec, BalanceSpec]
Prepare = Callable[[int], FoldData]


class _Shelf:
    """Prepared folds by preparation and number, in at most `most_bytes`.

    Folds of other preparations make room for those in use, the least recently used first. It knows no `Folds`: a cycle of
    references would keep a gigabyte until Python looks for cycles.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._kept: OrderedDict[Options, dict[int, FoldData]] = OrderedDict()

    def use(self, options: Options) -> dict[int, FoldData]:
        """The folds that are kept of a preparation, which is in use from now on."""
        found = self._kept.setdefault(options, {})
        self._kept.move_to_end(options)
        return found

    def put(self, options: Options, number: int, data: FoldData) -> None:
        """Keep a fold if there is room for it."""
        mine = self.use(options)
        while len(self._kept) > 1 and self._bytes + _bytes(data) > self._most:
            self._kept.popitem(last=False)
        if self._bytes + _bytes(data) <= self._most:
            mine[number] = data

    @property
    def _bytes(self) -> int:
        return sum(_bytes(data) for folds in self._kept.values() for data in folds.values())


class Folds(Sequence[FoldData]):
    """The folds of one preparation, each prepared when it is asked for; those that fit are kept.

    Args:
        prepare: the number of a fold -> its rows.
        count: how many there are.
        shelf: keeps folds, of other preparations too.
        options: what these folds are kept by.
        lock: held by the thread that uses the shelf; another one then finds the folds that this one prepares.
    """

    def __init__(self, prepare: Prepare, count: int, shelf: _Shelf, options: Options, lock: RLock) -> None:
        self._prepare, self._count, self._shelf, self._options, self._lock = prepare, count, shelf, options, lock
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
        with self._lock:
            data = self._shelf.use(self._options).get(number)
            if data is None:
                data = self._prepare(number)
                rows, features = data.train_x.shape
                self._shapes[number] = rows, features
                self._shelf.put(self._options, number, data)
            return data

    @property
    def nbytes(self) -> int:
        """The bytes of the folds that are kept."""
        with self._lock:
            return sum(map(_bytes, self._shelf.use(self._options).values()))

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

    Where these do not hold all folds of a preparation, the last ones are prepared anew for each trial. The draws of balancing
    depend on (seed, fold), so equal trials get equal rows. With a `store`, folds that another process prepared are not prepared
    again.
    """

    def __init__(
        self,
        table: Table,
        splits: Sequence[Split],
        seed: int = 0,
        most_bytes: int = MOST_BYTES,
        store: FoldStore | None = None,
    ) -> None:
        self._table, self._splits, self._seed, self._store = table, splits, seed, store
        self._shelf = _Shelf(most_bytes)
        self._known: dict[Options, Folds] = {}
        self._lock = RLock()

    def folds(self, prep: PrepSpec, balance: BalanceSpec = NO_BALANCE) -> Folds:
        """All folds under a preparation, each prepared by `prepare_fold` when it is asked for.

        To ask for a fold raises TrialFailed if its classes cannot be balanced like that. With a `store`, all are prepared now.
        """
        options = (prep, balance)
        with self._lock:
            if options not in self._known:
                prepare, count = partial(_prepared, self._table, self._splits, self._seed, prep, balance), len(self._splits)
                self._known[options] = Folds(self._from_store(options, prepare), count, self._shelf, options, self._lock)
            return self._known[options]

    def _from_store(self, options: Options, prepare: Prepare) -> Prepare:
        """`prepare`, or what reads the folds from the store, once they are all prepared."""
        if self._store is None:
            return prepare
        prep, balance = (part.model_dump(mode="json") for part in options)
        name = {"prep": prep, "balance": balance, "seed": self._seed}
        return self._store.folds(name, lambda: map(prepare, range(len(self._splits)))).__getitem__


def _prepared(table: Table, splits: Sequence[Split], seed: int, prep: PrepSpec, balance: BalanceSpec, fold: int) -> FoldData:
    return prepare_fold(table, splits[fold], prep, balance, derive(Purpose.BALANCE, seed, fold))


def _bytes(data: FoldData) -> int:
    return data.train_x.nbytes + data.valid_x.nbytes + data.train_y.nbytes + data.valid_y.nbytes

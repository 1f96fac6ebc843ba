import gc
import weakref
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pandas as pd
import pytest

from foldwise.data import fold_cache
from foldwise.data.fold_cache import FoldCache
from foldwise.data.read_table import read_table
from foldwise.data.schema import Column, Schema
from foldwise.data.split import Split, cut_folds
from foldwise.data.table import Table
from foldwise.spec.balance import Oversample
from foldwise.spec.data import SklearnData
from foldwise.spec.folds import FoldsSpec
from foldwise.spec.prep import PrepSpec


@pytest.fixture
def parts():
    table = read_table(SklearnData(kind="sklearn", name="iris", target="target"))
    return table, cut_folds(table, np.arange(len(table)), FoldsSpec(count=3), 0)


def arrays_of(fold):
    return [fold.train_x, fold.valid_x, fold.train_y, fold.valid_y]


def test_an_equal_preparation_is_prepared_once(parts):
    cache = FoldCache(*parts)
    first = cache.folds(PrepSpec(scale="minmax"))
    assert cache.folds(PrepSpec(scale="minmax")) is first
    assert cache.folds(PrepSpec(scale="standard")) is not first
    assert cache.folds(PrepSpec(scale="minmax")) is first


def test_the_least_recently_used_folds_are_dropped(parts):
    minmax, standard = PrepSpec(scale="minmax"), PrepSpec(scale="standard")
    size = sum(array.nbytes for fold in FoldCache(*parts).folds(minmax) for array in arrays_of(fold))
    cache = FoldCache(*parts, most_bytes=size)
    first, second = cache.folds(minmax), cache.folds(standard)
    kept = list(first)
    assert all(one is other for one, other in zip(first, kept, strict=True))
    assert first.nbytes == size
    second[0]
    assert (first.nbytes, second.nbytes) == (0, pytest.approx(size / 3, rel=0.1))
    assert len(list(second)) == 3
    assert second.nbytes == size


def test_folds_are_free_as_soon_as_their_cache_is(parts):
    cache = FoldCache(*parts)
    held = weakref.ref(cache.folds(PrepSpec())[0].train_x)
    gc.disable()
    try:
        assert held() is not None
        del cache
        assert held() is None
    finally:
        gc.enable()


def test_folds_that_do_not_fit_are_prepared_when_they_are_asked_for(parts):
    whole = FoldCache(*parts).folds(PrepSpec())
    size = sum(array.nbytes for array in arrays_of(whole[0]))
    folds = FoldCache(*parts, most_bytes=2 * size).folds(PrepSpec())
    assert folds.nbytes == 0
    assert folds.largest == whole.largest == (100, 4)
    assert folds.nbytes == 2 * size
    assert [folds[place] is folds[place] for place in range(3)] == [True, True, False]
    for fold, expected in zip(folds, whole, strict=True):
        for one, other in zip(arrays_of(fold), arrays_of(expected), strict=True):
            np.testing.assert_array_equal(one, other)
    with pytest.raises(IndexError):
        folds[3]


def test_the_widest_fold_is_the_first_with_most_features():
    frame = pd.DataFrame({"n": np.arange(12.0), "c": ["a", "b", "a", "b", "a", "b", "a", "b", "a", "b", "c", "d"]})
    schema = Schema((Column("n", "number"), Column("c", "category")))
    table = Table(frame, schema, frame, np.arange(12.0), (), "regression", "y", np.arange(12))
    splits = [Split(np.arange(10), np.arange(10, 12)), Split(np.arange(12), np.arange(0)), Split(np.arange(12), np.arange(0))]
    folds = FoldCache(table, splits, most_bytes=0).folds(PrepSpec())
    assert folds.largest == (12, 5)
    assert folds.widest.columns == ("n", "c", "c", "c", "c")


def test_folds_are_kept_by_preparation_and_balance_and_draw_by_seed_and_fold(parts):
    table, splits = parts
    uneven = (table.take(np.arange(120)), [type(split)(split.train[split.train < 120], split.valid[:0]) for split in splits])
    cache, other = FoldCache(*uneven), FoldCache(*uneven, seed=1)
    plain, more = cache.folds(PrepSpec()), cache.folds(PrepSpec(), Oversample(kind="oversample"))
    assert cache.folds(PrepSpec()) is plain
    assert cache.folds(PrepSpec(), Oversample(kind="oversample")) is more
    assert all(len(b.train_x) > len(a.train_x) for a, b in zip(plain, more, strict=True))
    assert not np.array_equal(more[0].train_x, other.folds(PrepSpec(), Oversample(kind="oversample"))[0].train_x)


def test_threads_that_ask_at_once_get_the_same_folds(parts, monkeypatch):
    prepared, both = [], Barrier(2, timeout=30)
    kept = fold_cache.prepare_fold
    monkeypatch.setattr(fold_cache, "prepare_fold", lambda *given: prepared.append(given) or kept(*given))
    cache = FoldCache(*parts)

    def ask(_):
        both.wait()
        return list(cache.folds(PrepSpec()))

    with ThreadPoolExecutor(2) as threads:
        one, other = threads.map(ask, range(2))
    assert len(prepared) == 3
    assert all(mine is theirs for mine, theirs in zip(one, other, strict=True))

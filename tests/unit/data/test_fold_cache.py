import numpy as np
import pytest

from foldwise.data.fold_cache import FoldCache
from foldwise.data.read_table import read_table
from foldwise.data.split import cut_folds
from foldwise.spec.balance import Oversample
from foldwise.spec.data import SklearnData
from foldwise.spec.folds import FoldsSpec
from foldwise.spec.prep import PrepSpec


@pytest.fixture
def parts():
    table = read_table(SklearnData(kind="sklearn", name="iris", target="target"))
    return table, cut_folds(table, np.arange(len(table)), FoldsSpec(count=3), 0)


def test_an_equal_preparation_is_prepared_once(parts):
    cache = FoldCache(*parts)
    first = cache.folds(PrepSpec(scale="minmax"))
    assert cache.folds(PrepSpec(scale="minmax")) is first
    assert cache.folds(PrepSpec(scale="standard")) is not first
    assert cache.folds(PrepSpec(scale="minmax")) is first


def test_the_least_recently_used_folds_are_dropped(parts):
    cache = FoldCache(*parts, most_bytes=1)
    first = cache.folds(PrepSpec(scale="minmax"))
    cache.folds(PrepSpec(scale="standard"))
    assert cache.folds(PrepSpec(scale="minmax")) is not first


def test_folds_are_kept_by_preparation_and_balance_and_draw_by_seed_and_fold(parts):
    table, splits = parts
    uneven = (table.take(np.arange(120)), [type(split)(split.train[split.train < 120], split.valid[:0]) for split in splits])
    cache, other = FoldCache(*uneven), FoldCache(*uneven, seed=1)
    plain, more = cache.folds(PrepSpec()), cache.folds(PrepSpec(), Oversample(kind="oversample"))
    assert cache.folds(PrepSpec()) is plain
    assert cache.folds(PrepSpec(), Oversample(kind="oversample")) is more
    assert all(len(b.train_x) > len(a.train_x) for a, b in zip(plain, more, strict=True))
    assert not np.array_equal(more[0].train_x, other.folds(PrepSpec(), Oversample(kind="oversample"))[0].train_x)

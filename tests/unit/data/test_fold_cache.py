import numpy as np
import pytest

from foldwise.data.fold_cache import FoldCache
from foldwise.data.split import cut_folds
from foldwise.data.table import read_table
from foldwise.data_specs import FoldsSpec, PrepSpec, SklearnData


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


def test_beyond_its_size_the_least_recently_used_goes(parts):
    cache = FoldCache(*parts, most_bytes=1)
    first = cache.folds(PrepSpec(scale="minmax"))
    cache.folds(PrepSpec(scale="standard"))
    assert cache.folds(PrepSpec(scale="minmax")) is not first

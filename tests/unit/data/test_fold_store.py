"""Folds that processes share."""

import multiprocessing
import os
from dataclasses import fields

import numpy as np
import pytest

from foldwise.data.fold_cache import FoldCache
from foldwise.data.fold_store import FoldStore
from foldwise.data.image_table import read_image_table
from foldwise.data.read_table import read_table
from foldwise.data.split import cut_folds
from foldwise.errors import TrialFailed
from foldwise.spec.balance import ClassWeight, Oversample
from foldwise.spec.data import SklearnData
from foldwise.spec.folds import FoldsSpec
from foldwise.spec.images import NpzData
from foldwise.spec.prep import PrepSpec
from tests.unit.data.images import LABELS, blobs


@pytest.fixture(scope="module")
def parts():
    table = read_table(SklearnData(kind="sklearn", name="iris", target="target"))
    return table, cut_folds(table, np.arange(len(table)), FoldsSpec(count=3), 0)


class Broken:
    """A fold that must not be prepared."""

    def __call__(self):
        raise AssertionError("prepared once more")


def same(left, right):
    for one, other in zip(left, right, strict=True):
        for field in fields(one):
            a, b = getattr(one, field.name), getattr(other, field.name)
            if a is None or isinstance(a, tuple) or not hasattr(a, "shape"):
                assert a == b
            else:
                first, second = np.asarray(a), np.asarray(b)
                assert (first.dtype, first.shape) == (second.dtype, second.shape)
                np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("balance", [None, ClassWeight(kind="class_weight"), Oversample(kind="oversample")])
@pytest.mark.parametrize("prep", [PrepSpec(), PrepSpec(scale="minmax")])
def test_prepared_folds_are_read_again_bit_for_bit(parts, prep, balance, tmp_path):
    asked = (prep,) if balance is None else (prep, balance)
    expected = FoldCache(*parts).folds(*asked)
    for _ in range(2):
        same(FoldCache(*parts, store=FoldStore(tmp_path)).folds(*asked), expected)
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) == 1


def test_images_come_back_as_positions_in_the_table(tmp_path):
    np.savez(tmp_path / "a.npz", images=blobs(channels=3), labels=LABELS)
    table = read_image_table(NpzData(kind="npz", path=str(tmp_path / "a.npz")))
    splits = cut_folds(table, np.arange(60), FoldsSpec(count=5), 0)
    expected = FoldCache(table, splits).folds(PrepSpec())
    for _ in range(2):
        found = FoldCache(table, splits, store=FoldStore(tmp_path / "folds", table.images)).folds(PrepSpec())
        same(found, expected)
        assert np.shares_memory(found[0].train_x.pixels, table.images)


def test_nothing_is_prepared_twice(parts, tmp_path):
    made = FoldStore(tmp_path).folds({"prep": 1}, lambda: FoldCache(*parts).folds(PrepSpec()))
    same(FoldStore(tmp_path).folds({"prep": 1}, Broken()), made)
    with pytest.raises(AssertionError, match="once more"):
        FoldStore(tmp_path).folds({"prep": 2}, Broken())


def test_folds_from_the_store_are_read_only(parts, tmp_path):
    (data, *_) = FoldStore(tmp_path).folds({}, lambda: FoldCache(*parts).folds(PrepSpec()))
    with pytest.raises(ValueError, match="read-only"):
        data.train_x[0, 0] = 1


def test_a_preparation_that_fails_or_is_killed_leaves_no_set(parts, tmp_path):
    def fail():
        raise TrialFailed("balance", "made so")

    with pytest.raises(TrialFailed):
        FoldStore(tmp_path).folds({}, fail)
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]
    FoldStore(tmp_path).folds({}, lambda: FoldCache(*parts).folds(PrepSpec()))
    (place,) = [path for path in tmp_path.iterdir() if path.is_dir()]
    torn = place.rename(tmp_path / f".{place.name}.99.part")
    (torn / "folds.json").unlink()
    same(FoldStore(tmp_path).folds({}, lambda: FoldCache(*parts).folds(PrepSpec())), FoldCache(*parts).folds(PrepSpec()))
    assert not torn.exists()
    with pytest.raises(AssertionError):
        FoldStore(tmp_path).folds({"other": 1}, Broken())


def test_the_least_recently_used_set_is_deleted_and_mapped_files_stay_readable(parts, tmp_path):
    store, whole = FoldStore(tmp_path, most_bytes=1), FoldCache(*parts).folds(PrepSpec())
    first = store.folds({"number": 1}, lambda: whole)
    store.folds({"number": 2}, lambda: whole)
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) == 1
    same(first, whole)
    store.folds({"number": 2}, Broken())
    with pytest.raises(AssertionError):
        store.folds({"number": 1}, Broken())


def _prepare_once(folder, tally, number):
    table = read_table(SklearnData(kind="sklearn", name="iris", target="target"))
    splits = cut_folds(table, np.arange(len(table)), FoldsSpec(count=3), 0)

    def prepare():
        with tally.open("a") as file:
            file.write(f"{os.getpid()}\n")
        return FoldCache(table, splits).folds(PrepSpec())

    for place in range(3):
        FoldStore(folder).folds({"place": place}, prepare)


@pytest.mark.slow
def test_concurrent_processes_prepare_each_set_once(tmp_path):
    context = multiprocessing.get_context("spawn")
    tally = tmp_path / "tally"
    processes = [context.Process(target=_prepare_once, args=(tmp_path / "folds", tally, n)) for n in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(280)
        assert process.exitcode == 0
    assert len(tally.read_text().splitlines()) == 3

"""Curves in a file instead of in memory."""

import copy
import math
import os
import pickle
import resource

import pytest

from foldwise.trial.curve_spool import CurveSpool
from foldwise.trial.result import FoldScore, TrialResult, same

CURVES = {"loss": (0.1, math.nan, math.inf, -0.0), "val_loss": (1 / 3,), "learning_rate": ()}


def result(number=0, curves=CURVES, folds=2):
    scores = tuple(FoldScore(fold, 0.5, {}, curves, 1, 0.0) for fold in range(folds))
    return TrialResult(number, {"x": 1}, "COMPLETE", scores, mean=0.5)


def test_a_result_is_the_same_to_the_bit_and_nothing_is_left_in_the_folder(tmp_path):
    spool = CurveSpool(tmp_path)
    kept = [spool.without_curves(result(number)) for number in range(3)]
    other = spool.without_curves(result(3, {"loss": (7.5, 8.5)}))
    for number, one in enumerate(kept):
        assert same(one, result(number))
        assert repr(one.folds[1].curves) == repr(CURVES)
        assert math.copysign(1.0, one.folds[0].curves["loss"][3]) == -1.0
    assert other.folds[1].curves == {"loss": (7.5, 8.5)}
    assert other.folds[0].curves.get("accuracy", ()) == ()
    assert "accuracy" not in other.folds[0].curves
    assert [*kept[1].folds[0].curves] == [*CURVES]
    assert kept[1].folds[0].curves["val_loss"] == (1 / 3,)
    assert list(tmp_path.iterdir()) == []


def test_copies_do_not_need_the_file(tmp_path):
    kept = CurveSpool(tmp_path).without_curves(result())
    for one in (pickle.loads(pickle.dumps(kept)), copy.deepcopy(kept)):  # noqa: S301 our own bytes
        assert type(one.folds[0].curves) is dict
        assert same(one, kept)


def test_where_nothing_can_be_written_curves_stay_in_memory(tmp_path):
    plain = result()
    assert CurveSpool(tmp_path / "missing").without_curves(plain) is plain
    spool = CurveSpool(tmp_path)
    first = spool.without_curves(plain)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (os.fstat(spool._file.number).st_size + 12, before[1]))
    try:
        assert spool.without_curves(plain) is plain
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert same(first, plain)
    assert same(spool.without_curves(plain), plain)


@pytest.mark.parametrize("folds", [0, 1])
def test_a_failed_trial_has_none(tmp_path, folds):
    assert same(CurveSpool(tmp_path).without_curves(result(curves={}, folds=folds)), result(curves={}, folds=folds))

"""Shares in intervals are judged by their number of rows, and calibration over the rows of all splits."""

import pytest

from benchmarks.intervals import COVERAGE, calibration_of, coverage_of


def test_a_share_is_off_where_so_many_rows_cannot_be_chance():
    one = {"inside": COVERAGE - 0.03, "width": 2.0}
    few, many = {**one, "rows": 100}, {**one, "rows": 10_000}
    assert coverage_of([few])["off"] == 0
    found = coverage_of([few, many, {"inside": 0.93, "width": 5.0, "rows": 10_000}])
    assert found["off"] == 2
    assert (found["mean"], found["width"]) == (pytest.approx(0.89), pytest.approx(3.0))


def test_probabilities_that_became_right_have_no_error_left():
    truth = [0, 1] * 150
    before, after = [[0.9, 0.1]] * 150, [[0.5, 0.5]] * 150
    split = {"truth": truth[:150], "before": before, "after": after, "calibrated": True}
    found = calibration_of([split, {**split, "calibrated": False}])
    assert found["calibrated"] == 1
    assert found["before"]["error"] == pytest.approx(0.4, abs=0.01)
    assert found["after"]["error"] < 0.05
    assert found["after"]["log_loss"] < found["before"]["log_loss"]

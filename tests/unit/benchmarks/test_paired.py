"""Scores of the same splits, compared."""

import math

import numpy as np
import pytest

from benchmarks.paired import paired, standard_errors


def test_the_interval_is_that_of_the_corrected_resampled_t():
    found = paired([0.80, 0.82, 0.81, 0.83, 0.79], [0.78, 0.79, 0.80, 0.79, 0.79], 0.25, lower_is_better=False)
    differences = [0.02, 0.03, 0.01, 0.04, 0.0]
    assert found.difference == pytest.approx(0.02)
    assert found.half == pytest.approx(2.7764451 * np.std(differences, ddof=1) * math.sqrt(1 / 5 + 1 / 4))
    assert (found.splits, found.said) == (5, "level")  # 0.02 ± 0.0196 would be better without the correction


def test_a_smaller_loss_is_better():
    ours, theirs = [1.0, 1.1, 0.9], [2.0, 2.1, 1.91]
    assert paired(ours, theirs, 0.1, lower_is_better=True).said == "better"
    assert paired(theirs, ours, 0.1, lower_is_better=True).said == "worse"
    assert paired(theirs, ours, 0.1, lower_is_better=False).said == "better"


def test_one_split_has_no_interval():
    found = paired([1.0], [2.0], 0.1, lower_is_better=True)
    assert (found.difference, found.said) == (1.0, "unknown")
    assert math.isnan(found.half)


def test_standard_errors_count_rows():
    ours, theirs = np.array([1.0, 1.0, 0.0, 1.0]), np.array([1.0, 1.0, 1.0, 1.0])
    assert standard_errors(ours, theirs) == pytest.approx(0.25 / (0.5 / 2))
    assert standard_errors(theirs, ours) == pytest.approx(-1.0)
    assert standard_errors(theirs, theirs) == 0.0

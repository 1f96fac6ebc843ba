"""Which calibration and interval the winner's out-of-fold predictions give."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from foldwise.data.split import Split
from foldwise.spec.certify import AnswersSpec, CertifySpec
from foldwise.spec.goal import Goal
from foldwise.study import out_of_fold
from foldwise.study.answer_rules import AnswerRules, answer_rules
from foldwise.trial.result import TrialResult

ROWS = 2_000


def rules(folder, seeds, balance="none", **answers):
    """Of a trial that is three times too sure of two labels."""
    numbers = np.random.default_rng(0)
    logits = numbers.normal(0, 1.5, ROWS)
    truth = (numbers.random(ROWS) < 1 / (1 + np.exp(-logits))).astype(int)
    yes = 1 / (1 + np.exp(-3 * logits))
    half = np.arange(ROWS) < ROWS // 2
    splits = (Split(np.flatnonzero(half), np.flatnonzero(~half)), Split(np.flatnonzero(~half), np.flatnonzero(half)))
    fixed = SimpleNamespace(certify=CertifySpec(), answers=AnswersSpec(**answers))
    plan = SimpleNamespace(
        folder=folder,
        spec=SimpleNamespace(fixed=fixed),
        splits=splits,
        table=SimpleNamespace(labels=("no", "yes"), classes=(), target=truth),
        goal=Goal("accuracy", "maximize"),
        same_rows=False,
    )
    at = out_of_fold.rows_of(plan)
    best = TrialResult(0, {}, "COMPLETE", mean=0.5, answers=np.column_stack([1 - yes, yes])[at])
    out_of_fold.keep(plan, best, [])
    trial = SimpleNamespace(fit=SimpleNamespace(seeds=seeds), balance=SimpleNamespace(kind=balance))
    return answer_rules(plan, trial, best)


def test_a_network_that_is_too_sure_is_calibrated(tmp_path):
    assert rules(tmp_path, seeds=1).calibration.slope == pytest.approx(1 / 3, abs=0.05)


def test_the_mean_of_several_networks_is_not_calibrated_by_the_predictions_of_single_ones(tmp_path):
    assert rules(tmp_path, seeds=5) == AnswerRules()
    assert rules(tmp_path, seeds=5, calibrate=True).calibration is not None  # asked for


def test_nothing_is_calibrated_where_that_is_turned_off(tmp_path):
    assert rules(tmp_path, seeds=1, calibrate=False) == AnswerRules()

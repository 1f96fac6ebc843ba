"""How the answers are calibrated and how wide their intervals are, by the out-of-fold predictions of the best trial."""

from __future__ import annotations

from dataclasses import dataclass

from foldwise.bundle.card import Interval
from foldwise.evaluation.answer_interval import half_width
from foldwise.evaluation.calibration import Calibration, fit, that_helps
from foldwise.spec.trial import TrialSpec
from foldwise.study.out_of_fold import Predictions, folds_of, load, rows_of
from foldwise.study.plan import Plan
from foldwise.trial.result import TrialResult


@dataclass(frozen=True)
class AnswerRules:
    """Of a model's answers: the calibration of probabilities, and the interval of numbers; None where there is none."""

    calibration: Calibration | None = None
    interval: Interval | None = None


def answer_rules(plan: Plan, trial: TrialSpec, best: TrialResult) -> AnswerRules:
    """What the configuration asks for, where the predictions are there.

    Args:
        plan: the study.
        trial: the best trial's values.
        best: its result.
    """
    asked, number = plan.spec.fixed.answers, best.trained_as
    # the mean of several networks is less sure than each, and these predictions are those of single networks
    if plan.table.labels and asked.calibrate == "auto" and trial.fit.seeds > 1:
        return AnswerRules()
    # balancing shifts all probabilities; without it a bias would only fit noise
    return rules_for(plan, load(plan, [number]).get(number), shifted=trial.balance.kind != "none")


def rules_for(plan: Plan, predictions: Predictions | None, *, shifted: bool) -> AnswerRules:
    """What the configuration asks for, by the out-of-fold predictions of a model; nothing without them.

    shifted: whether it learned from balanced classes, so that a calibration has a bias too.
    """
    asked = plan.spec.fixed.answers
    if predictions is None or plan.table.classes:
        return AnswerRules()
    truth = plan.table.target[rows_of(plan)]
    if not plan.table.labels:
        if asked.coverage is None:
            return AnswerRules()
        half = half_width(truth, predictions, asked.coverage)
        return AnswerRules(interval=None if half is None else Interval(asked.coverage, half))
    if asked.calibrate is False:
        return AnswerRules()
    if asked.calibrate is True:
        return AnswerRules(fit(truth, predictions, bias=shifted))
    return AnswerRules(that_helps(truth, predictions, folds_of(plan), bias=shifted))

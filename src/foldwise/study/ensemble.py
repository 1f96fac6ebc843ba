"""An ensemble of trials, chosen by their out-of-fold predictions; it is the model only where it is better on other rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from foldwise.evaluation.greedy import weighted_mean
from foldwise.evaluation.greedy_gain import Gain, Rule, choose, gain_of_choice
from foldwise.evaluation.metrics import scorer
from foldwise.evaluation.threshold import Asked, Pair, final_threshold, fold_thresholds
from foldwise.seeds import Purpose, derive
from foldwise.study.out_of_fold import Predictions, folds_of, load, rows_of
from foldwise.study.plan import Plan
from foldwise.trial.certificate import Certificate
from foldwise.trial.ensemble import EnsembleOutcome, Member
from foldwise.trial.result import TrialResult


@dataclass(frozen=True, eq=False)
class Chosen:
    """An ensemble that becomes the model.

    outcome: what is said of it, before its time and size are known. trials: of its members, in their order.
    predictions: its out-of-fold answers, before calibration, (rows, classes) or (rows,).
    threshold: of two classes, tuned on these where trials tune theirs. folds: its score in each fold.
    """

    outcome: EnsembleOutcome
    trials: tuple[TrialResult, ...]
    predictions: Predictions
    threshold: float
    folds: tuple[float, ...]


def choose_ensemble(
    plan: Plan, best: TrialResult, results: Sequence[TrialResult], certificate: Certificate | None
) -> tuple[EnsembleOutcome | None, Chosen | None]:
    """What became of the ensemble, None if none was asked for; and the ensemble itself, if it becomes the model.

    Args:
        plan: the study.
        best: the trial that is the model otherwise.
        results: all finished trials.
        certificate: has the corrected score of that trial.
    """
    asked = plan.spec.fixed.ensemble
    if asked.kind == "none":
        return None, None
    complete = sorted((one for one in results if one.state == "COMPLETE" and one.reused is None), key=lambda one: one.number)
    answers = load(plan, [one.number for one in complete])
    trials = [one for one in complete if one.number in answers]
    if best.trained_as not in answers:
        return EnsembleOutcome(members=(), best=best.number), None
    truth, models, rule = plan.table.target[rows_of(plan)], [answers[one.number] for one in trials], rule_of(plan)
    seed = derive(Purpose.SEARCH, plan.spec.fixed.seed)
    counts = choose(rule, truth, models, asked.most, seed)
    taken = [place for place, count in enumerate(counts) if count]
    members = tuple(Member(trials[place].number, counts[place], trials[place].params) for place in taken)
    outcome = EnsembleOutcome(members=_heaviest_first(members), best=best.number)
    if len(taken) < 2:
        return outcome, None
    groups = None if plan.table.groups is None else plan.table.groups[rows_of(plan)]
    gain = gain_of_choice(rule, truth, models, asked.most, seed, groups)
    if gain is None:
        return outcome, None
    outcome = _judged(outcome, gain, plan.goal.sign, certificate)
    if not outcome.shipped:
        return outcome, None
    by_number = {one.number: one for one in trials}
    predictions = weighted_mean(models, counts)
    threshold, folds = _on_folds(plan, rule.threshold, truth, predictions)
    return outcome, Chosen(outcome, tuple(by_number[one.trial] for one in outcome.members), predictions, threshold, folds)


def rule_of(plan: Plan) -> Rule:
    """How ensembles are scored. A threshold that is searched is tuned on the mean of the answers, as trials have several."""
    searched = any(name == "fit.threshold" for name, _ in plan.spec.space.walk())
    threshold: Asked = "auto" if searched else plan.spec.corners[0].fit.threshold
    return Rule(plan.goal, plan.table.task, len(plan.table.labels), threshold)


def _heaviest_first(members: Sequence[Member]) -> tuple[Member, ...]:
    return tuple(sorted(members, key=lambda one: (-one.weight, one.trial)))


def _judged(outcome: EnsembleOutcome, gain: Gain, sign: float, certificate: Certificate | None) -> EnsembleOutcome:
    """With its score. The certificate's score of the best trial is taken where there is one, so that both say the same."""
    of_best = certificate is not None and certificate.trial == outcome.best
    single = certificate.score if certificate is not None and of_best and certificate.score is not None else gain.single
    return EnsembleOutcome(
        members=outcome.members,
        best=outcome.best,
        score=single + sign * gain.gain,
        single=single,
        error=gain.error,
        shipped=gain.is_clear,
    )


def _on_folds(plan: Plan, asked: Asked, truth: np.ndarray, predictions: Predictions) -> tuple[float, tuple[float, ...]]:
    """The threshold of an ensemble, and its score in each fold with a threshold that the other folds tuned."""
    of_row, labels = folds_of(plan), len(plan.table.labels)
    folds: list[Pair] = [(truth[of_row == fold], predictions[of_row == fold]) for fold in range(len(plan.splits))]
    metric = plan.goal.metric
    scores = [
        scorer(plan.table.task, labels, metric, threshold)(*fold)
        for fold, threshold in zip(folds, fold_thresholds(asked, metric, folds), strict=True)
    ]
    return final_threshold(asked, metric, folds), tuple(scores)

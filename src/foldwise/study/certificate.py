"""What the winner of a search is worth: its score corrected for the search, and the trials that it cannot be told from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean

import numpy as np

from foldwise.config.read import trial_at
from foldwise.evaluation.after_search import UNKNOWN, Corrected, corrected
from foldwise.evaluation.fold_test import p_better, p_value
from foldwise.evaluation.stopped_early import gain_of_stopping
from foldwise.evaluation.threshold import fold_thresholds
from foldwise.evaluation.under_weights import is_mean_of_rows
from foldwise.seeds import Purpose, derive
from foldwise.spec.fit import FitSpec
from foldwise.study.out_of_fold import Predictions, folds_of, load, rows_of, write_best
from foldwise.study.plan import Plan
from foldwise.tasks.table import task_of
from foldwise.trial.certificate import Certificate
from foldwise.trial.fresh import Fresh
from foldwise.trial.result import TrialResult, best_of

ALPHA = 0.05  # trials whose difference has a larger p-value cannot be told apart; one_se asks it of one side


def certify(plan: Plan, results: Sequence[TrialResult], fresh: Fresh | None = None) -> Certificate | None:
    """The certificate of the best trial, and `oof.parquet` with its predictions; None if none was asked for.

    Args:
        plan: the study.
        results: all finished trials.
        fresh: what training the best again showed, if that was asked for.
    """
    best, kind = best_of(results, plan.goal), plan.spec.fixed.certified
    if best is None or kind == "none" or plan.same_rows:
        return None
    trials = [result for result in results if result.state == "COMPLETE" and result.reused is None]
    answers, found = load(plan, [one.number for one in trials]), UNKNOWN
    if best.trained_as in answers:
        write_best(plan, answers[best.trained_as])
        found = UNKNOWN if kind == "seeds" else _corrected(plan, trials, answers)
    stopping = _gain_of_stopping(plan, trials)
    # the folds' mean is what the screen shows; it differs from the pooled score of metrics that are no mean over rows
    mean = best.mean - plan.goal.sign * (found.optimism + (stopping or 0.0))
    defaults, ties = _defaults(plan, trials), tied(plan, best, trials)
    default = None if defaults is None else defaults.number
    smaller, nearest = smallest_within(plan, best, trials), plan.goal.nearest
    return Certificate(
        kind=kind,
        trial=best.number,
        looks=len(trials),
        score=_known(nearest(mean)),
        low=_known(nearest(found.low + mean - found.score)),
        high=_known(nearest(found.high + mean - found.score)),
        optimism=_known(found.optimism),
        early_stopping=stopping,
        predictions=len(answers),
        ties=ties,
        default=default,
        default_tied=default in ties,
        fresh=None if fresh is None else fresh.moved(plan.goal, -plan.goal.sign * (stopping or 0.0)),
        smaller=None if smaller is None else smaller.number,
        shrinks=None if smaller is None else best.costs["parameters"] / smaller.costs["parameters"],
    )


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _gain_of_stopping(plan: Plan, trials: Sequence[TrialResult]) -> float | None:
    """What early stopping on the scored rows adds to a score; None where trials do not stop early."""
    stops = [one for one in trials if _fit(plan, one, "early_stop").early_stop.patience is not None]
    return gain_of_stopping(plan.goal, stops) if stops else None


def chosen_by(
    rule: str, plan: Plan, best: TrialResult, results: Sequence[TrialResult], fresh: Fresh | None = None
) -> TrialResult:
    """The trial that is refitted: the best, with `one_se` the smallest or the defaults, with `fresh` what the fresh runs take.

    With `one_se` it is that of `smallest_within`; if there is none, the defaults where they are within one standard error of a
    best that is not better than they are by the paired test.
    """
    if rule == "one_se":
        return smallest_within(plan, best, results) or _defaults_as_good(plan, best, results) or best
    taken = None if rule != "fresh" or fresh is None else fresh.taken
    return next((one for one in results if one.number == taken), best)


def smallest_within(plan: Plan, best: TrialResult, results: Sequence[TrialResult]) -> TrialResult | None:
    """The complete trial with the fewest parameters whose mean is within one standard error of the best's.

    It is the defaults, or better than they are by the corrected paired test over the folds: of many small networks that a
    search has tried the luckiest is often within one error of the best, and worse than the defaults.

    None if the best has the fewest, or if there is a single fold, whose scores have no standard error.
    """
    if len(best.folds) < 2 or "parameters" not in best.costs:
        return None
    goal, defaults = plan.goal, _defaults(plan, results)
    within = [
        one
        for one in sorted(results, key=lambda one: one.number)
        if one.state == "COMPLETE"
        and one.costs.get("parameters", math.inf) < best.costs["parameters"]
        and _within(plan, best, one)
        and (defaults is None or one.params == defaults.params or _beats(plan, one, defaults))
    ]
    return min(within, key=lambda one: (one.costs["parameters"], -goal.sign * one.mean), default=None)


def _defaults_as_good(plan: Plan, best: TrialResult, results: Sequence[TrialResult]) -> TrialResult | None:
    """The trial of the defaults, if it is within one standard error of a best that the paired test cannot call better."""
    defaults = _defaults(plan, results)
    if defaults is None or len(best.folds) < 2:
        return None
    return defaults if _within(plan, best, defaults) and not _beats(plan, best, defaults) else None


def _within(plan: Plan, best: TrialResult, other: TrialResult) -> bool:
    """Whether a trial's mean is within one standard error of the best's, which has several folds."""
    return plan.goal.sign * (best.mean - other.mean) <= best.sd / math.sqrt(len(best.folds))


def _defaults(plan: Plan, results: Sequence[TrialResult]) -> TrialResult | None:
    """The trial of the defaults; None if it is not complete."""
    params = plan.spec.space.defaults()
    return next((one for one in results if one.state == "COMPLETE" and one.reused is None and one.params == params), None)


def _beats(plan: Plan, ours: TrialResult, theirs: TrialResult) -> bool:
    """Whether a trial is better than another one, by the corrected paired test, one-sided."""
    if len(ours.folds) != len(theirs.folds):
        return False
    gains = plan.goal.sign * np.array([one.score - two.score for one, two in zip(ours.folds, theirs.folds, strict=True)])
    return p_better(gains, *_rows(plan)) <= ALPHA


def _rows(plan: Plan) -> tuple[float, float]:
    """Training and validation rows of a fold, the means."""
    train, valid = (fmean(map(len, sides)) for sides in zip(*((one.train, one.valid) for one in plan.splits), strict=True))
    return train, valid


def tied(plan: Plan, best: TrialResult, trials: Sequence[TrialResult]) -> tuple[int, ...]:
    """The other trials, the best first, that a corrected paired test over the folds cannot tell from the best."""
    train, valid = _rows(plan)
    ours = [fold.score for fold in best.folds]
    others = [one for one in trials if one.number not in (best.number, best.trained_as) and len(one.folds) == len(ours)]
    alike = [one for one in others if p_value(ours, [fold.score for fold in one.folds], train, valid) > ALPHA]
    return tuple(one.number for one in plan.goal.rank(alike, lambda one: one.mean))


def _corrected(plan: Plan, trials: Sequence[TrialResult], answers: Mapping[int, Predictions]) -> Corrected:
    """The best score corrected by a bootstrap of the search among the trials whose predictions are there."""
    table, at, metric = plan.table, rows_of(plan), plan.goal.metric
    truth, classes = table.target[at], len(table.class_names)
    those = [one for one in trials if one.number in answers]
    thresholds = [_thresholds(plan, one, answers[one.number], truth) for one in those]
    models = [answers[one.number] for one in those]
    scores = task_of(table.task).under_weights(classes, metric, truth, models, thresholds)
    groups = None if table.groups is None else table.groups[at]
    seed = derive(Purpose.SEARCH, plan.spec.fixed.seed)
    return corrected(plan.goal, scores, len(at), len(models), seed, ranked=not is_mean_of_rows(metric), groups=groups)


def _fit(plan: Plan, trial: TrialResult, option: str) -> FitSpec:
    """The values of `fit` of a trial; of all trials where none searches this option, as to read thousands takes seconds."""
    searched = [name for name, _ in plan.spec.space.walk()]
    if any(name == "fit" or name.startswith(f"fit.{option}") for name in searched):
        return trial_at(plan.spec, trial.params).fit
    return plan.spec.corners[0].fit


def _thresholds(plan: Plan, trial: TrialResult, answers: Predictions, truth: np.ndarray) -> np.ndarray | float:
    """Where a trial cuts the probabilities: a number, or (rows,) where each fold's was tuned on the others."""
    asked = _fit(plan, trial, "threshold").threshold
    if asked != "auto":
        return asked
    folds = folds_of(plan)
    numbers = range(len(plan.splits))
    each = fold_thresholds(asked, plan.goal.metric, [(truth[folds == fold], answers[folds == fold]) for fold in numbers])
    return np.asarray(each)[folds]

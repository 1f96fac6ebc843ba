"""The refitted model and the baselines on the holdout, and the verdict."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.config.read import trial_at
from foldwise.data.table import Table
from foldwise.evaluation import baselines, bootstrap
from foldwise.evaluation.balance_gain import BalanceGain, balance_gain
from foldwise.evaluation.baseline_clock import BaselineClock, OutOfBaselineTime
from foldwise.evaluation.boosting import MOST_LEVELS
from foldwise.evaluation.metrics import confusion
from foldwise.evaluation.seen import Telling, telling
from foldwise.evaluation.shrunken import shrunken
from foldwise.evaluation.threshold import Asked
from foldwise.ledger.ledger import Ledger
from foldwise.models.heads import THRESHOLD, label_codes
from foldwise.models.input_rules import takes_pixels
from foldwise.seeds import Purpose, derive
from foldwise.study.figures import Answers
from foldwise.study.plan import Plan
from foldwise.study.refit_best import Refitted
from foldwise.study.tables import write_holdout
from foldwise.system.kill_points import reached
from foldwise.tasks.scores import condensed_for, score, truth_of
from foldwise.tasks.table import task_of
from foldwise.trial.result import TrialResult, mean_and_sd
from foldwise.trial.summary import Answer, BaselineScore, BestTrial, Confusion, HoldoutScore, UnfinishedBaseline

Predictions = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Judgement:
    """How the model and the baselines did, with the model's predictions. balance: None where balancing was not searched.

    holdout: None if no rows were set aside; then there is no answer either, and the verdict says so.
    baselines: with those that were cut off or left out, and their seconds.
    answer: the verdict in a word.
    """

    holdout: HoldoutScore | None
    baselines: Baselines
    answers: Answers
    balance: BalanceGain | None
    verdict: str
    answer: Answer | None


@dataclass(frozen=True, eq=False)
class Baselines:
    """The scores of the baselines that are finished, their predictions for the holdout by name, and the others.

    seconds: what all of them took.
    """

    scores: tuple[BaselineScore, ...]
    predictions: Mapping[str, Predictions]
    unfinished: tuple[UnfinishedBaseline, ...]
    seconds: float

    @property
    def remarks(self) -> list[str]:
        """What the screen tells of them: what was not finished, and where levels were joined."""
        found = [other.sentence for other in self.unfinished]
        joined = "tells {} levels of a column apart, so the rarest were joined in {}"
        found += [f"{one.name} {joined.format(MOST_LEVELS, ', '.join(one.joined))}" for one in self.scores if one.joined]
        return found


def judge(
    plan: Plan, model: Refitted, best: TrialResult, results: Sequence[TrialResult], ledger: Ledger, clock: BaselineClock
) -> Judgement:
    """Read the holdout once, and write `holdout.parquet`. Without one, say what the scores are.

    Args:
        plan: the study's data.
        model: the refitted trial.
        best: that trial's result.
        results: all finished trials.
        ledger: counts how often this holdout was read.
        clock: of the baselines.
    """
    of_both = results if "balance" in plan.spec.space.ranges else ()  # else all trials are on one side
    gain = balance_gain(of_both, lambda result: trial_at(plan.spec, result.params).balance.kind, plan.goal)
    # a threshold that was searched is a threshold that was tuned
    threshold: Asked = "auto" if "fit.threshold" in plan.spec.space.ranges else model.trial.fit.threshold
    rivals = judge_baselines(plan, threshold, balanced=model.trial.balance.kind != "none", clock=clock)
    judged = _on_holdout(plan, model, rivals, ledger) if len(plan.holdout) else _without(plan, model, best, results, rivals)
    return (
        judged
        if gain is None
        else replace(judged, balance=gain, verdict=f"{judged.verdict}; {gain.sentence(plan.goal.metric)}")
    )


def _without(plan: Plan, model: Refitted, best: TrialResult, results: Sequence[TrialResult], rivals: Baselines) -> Judgement:
    """What can be said if no rows were set aside."""
    folds = model.folds or tuple(fold.score for fold in best.folds)
    trial = BestTrial(best.number, best.params, *mean_and_sd(list(folds)), folds)
    complete = 1 if model.folds else sum(result.state == "COMPLETE" for result in results)  # an ensemble is not one of them
    rival, rows = best_baseline(rivals.scores, plan.goal.better), len(plan.development) if plan.same_rows else None
    others = len(rivals.scores) - 1
    verdict = bootstrap.without_holdout(plan.goal, trial, rival, complete, rows, others, rivals.unfinished)
    none = np.empty((0, len(plan.table.class_names)) if plan.table.class_names else 0)
    return Judgement(None, rivals, Answers(plan.holdout.target, none, THRESHOLD), None, verdict, None)


def _on_holdout(plan: Plan, model: Refitted, rivals: Baselines, ledger: Ledger) -> Judgement:
    """The model and the baselines on the rows set aside."""
    table, goal, holdout = plan.table, plan.goal, plan.holdout
    reads = ledger.record_holdout_read(table.fingerprint, plan.spec.name, len(holdout.rows))
    reached("after-holdout-read")
    scores = model.bundle.scores(holdout.as_read)
    rows = condensed_for(holdout, np.arange(len(holdout)), scores)
    write_holdout(plan.folder / "holdout.parquet", plan, model.bundle.in_words(holdout.as_read, scores), rows)
    answers = Answers(holdout.target, rows, model.threshold)
    of = table.task, len(table.class_names)
    metrics = score(*of, answers.truth, answers.predictions, model.threshold, goal.metric, table.targets)
    verdict, answer = _verdict(plan, answers, metrics[goal.metric], rivals)
    each = task_of(table.task).by_class(answers.predictions, table.classes)
    held = HoldoutScore(len(holdout.rows), metrics, reads, confusion_of(table.labels, answers))
    held = replace(held, targets=each) if table.targets else replace(held, classes=each)
    return Judgement(held, rivals, answers, None, verdict, answer)


def _verdict(plan: Plan, answers: Answers, ours: float, rivals: Baselines) -> tuple[str, Answer | None]:
    """The model against the best baseline, as a sentence and in a word."""
    table, goal, rows = plan.table, plan.goal, len(plan.holdout.rows)
    rival = best_baseline(rivals.scores, goal.better)
    if rival is None:
        return bootstrap.alone(goal, ours, rows, rivals.unfinished), None
    theirs = THRESHOLD if rival.threshold is None else rival.threshold
    task, classes = task_of(table.task), len(table.class_names)
    comparison = bootstrap.compare(
        goal,
        task.scorer(classes, goal.metric, answers.threshold),
        truth_of(plan.holdout),
        answers.predictions,
        rivals.predictions[rival.name],
        derive(Purpose.VERDICT, plan.spec.fixed.seed),
        their_score=task.scorer(classes, goal.metric, theirs),
        apart=_apart(goal.metric, answers, rivals.predictions[rival.name], theirs) if table.labels else None,
    )
    others = [one for one in rivals.scores if one is not rival]
    ahead = best_baseline([one for one in others if one.holdout is not None and goal.better(one.holdout, ours)], goal.better)
    verdict = bootstrap.sentence(goal, ours, rival, comparison, rows, len(others), rivals.unfinished, ahead)
    return verdict, bootstrap.answer_of(comparison, rivals.unfinished, ahead)


def _apart(metric: str, answers: Answers, theirs: Predictions, threshold: float) -> Telling | None:
    """The holdout rows that tell the model's labels from a baseline's."""
    right = label_codes(answers.predictions, answers.threshold) == answers.truth
    return telling(metric, answers.truth, right, label_codes(theirs, threshold) == answers.truth)


def judge_baselines(plan: Plan, threshold: Asked, balanced: bool, clock: BaselineClock) -> Baselines:
    """Score the baselines on the same folds and the same holdout, if there is one. Those of images learn from shrunken ones.

    Args:
        plan: the study's data.
        threshold: the model's, or `auto` to tune theirs as the model's was tuned.
        balanced: whether the model was trained on balanced classes.
        clock: ends those that take too long.
    """
    task, asked = plan.table.task, plan.spec.fixed.baselines
    pixels = plan.table.images is not None or any(takes_pixels(trial.model) for trial in plan.spec.corners)
    names = task_of(task).baselines(balanced, pixels) if asked is None else asked
    seed = derive(Purpose.BASELINE, plan.spec.fixed.seed)
    shrinks = bool(names) and not task_of(task).of_pictures  # masks and boxes are those of the whole pictures
    table, holdout = (shrunken(plan.table), shrunken(plan.holdout)) if shrinks else (plan.table, plan.holdout)
    size = None if table is plan.table else table.schema.image
    scores, predictions, unfinished = [], {}, []
    for name in names:
        blind = name in baselines.BLIND
        held = None
        try:
            clock.starts(name, len(plan.splits) + bool(len(holdout)), limited=not blind)
            mean, sd, at = _validated(plan, name, table, threshold, clock, seed)
            if len(holdout):
                raw = task_of(task).baseline(name, table, plan.development, holdout, clock, seed)
                predictions[name] = condensed_for(holdout, np.arange(len(holdout)), raw)
                own = task_of(task).scorer(len(table.class_names), plan.goal.metric, at)
                held = own(holdout.target, predictions[name])
        except OutOfBaselineTime as over:
            unfinished.append(UnfinishedBaseline(name, str(over)))
            continue
        joined = () if task_of(task).of_pictures else baselines.joined_columns(name, table, plan.development)
        scores.append(BaselineScore(name, mean, sd, held, at if task == "binary" else None, None if blind else size, joined))
    return Baselines(tuple(scores), predictions, tuple(unfinished), clock.seconds)


def _validated(plan: Plan, name: str, table: Table, threshold: Asked, clock: BaselineClock, seed: int) -> baselines.Validated:
    """A baseline's scores on the folds, and its threshold."""
    if not table.classes:
        return baselines.cross_validated(name, table, plan.splits, plan.goal, threshold, clock, seed)
    task, scores = task_of(table.task), []
    score_of = task.scorer(len(table.classes), plan.goal.metric)
    for split in plan.splits:
        raw = task.baseline(name, table, split.train, table.take(split.valid), clock, seed)
        scores.append(score_of(table.target[split.valid], condensed_for(table, split.valid, raw)))
    return baselines.Validated(*mean_and_sd(scores), THRESHOLD)


def best_baseline(scores: Sequence[BaselineScore], better: Callable[[float, float], bool]) -> BaselineScore | None:
    """The baseline with the best cross-validated score, if there is one: it is chosen without the holdout."""
    chosen: BaselineScore | None = None
    for baseline in scores:
        if chosen is None or better(baseline.mean, chosen.mean) or math.isnan(chosen.mean):
            chosen = baseline
    return chosen


def confusion_of(labels: Sequence[str], answers: Answers) -> Confusion | None:
    """The confusion matrix; None for a regression."""
    if not labels:
        return None
    counts: list[list[Any]] = confusion(answers.truth, answers.predictions, answers.threshold).tolist()
    return Confusion(labels=tuple(labels), counts=tuple(tuple(row) for row in counts))

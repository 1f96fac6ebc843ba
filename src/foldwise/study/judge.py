"""The refitted model and the baselines on the holdout, and the verdict."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.config.read import trial_at
from foldwise.evaluation import bootstrap
from foldwise.evaluation.balance_gain import BalanceGain, balance_gain
from foldwise.evaluation.baseline_clock import BaselineClock
from foldwise.evaluation.metrics import confusion
from foldwise.evaluation.seen import Telling, telling
from foldwise.evaluation.threshold import Asked
from foldwise.ledger.ledger import Ledger
from foldwise.models.heads import THRESHOLD, label_codes
from foldwise.seeds import Purpose, derive
from foldwise.study.baselines import Baselines, finished, judge_baselines
from foldwise.study.figures import Answers
from foldwise.study.plan import Plan
from foldwise.study.refit_best import Refitted
from foldwise.study.tables import write_holdout
from foldwise.system.kill_points import reached
from foldwise.tasks.scores import condensed_for, score, truth_of
from foldwise.tasks.table import task_of
from foldwise.trial.result import TrialResult, mean_and_sd
from foldwise.trial.summary import Answer, BaselineScore, BestTrial, Confusion, HoldoutScore

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


def judge(
    plan: Plan,
    model: Refitted,
    best: TrialResult,
    results: Sequence[TrialResult],
    ledger: Ledger,
    clock: BaselineClock,
    begun: Future[Baselines] | None = None,
) -> Judgement:
    """Read the holdout once, and write `holdout.parquet`. Without one, say what the scores are.

    Args:
        plan: the study's data.
        model: the refitted trial.
        best: that trial's result.
        results: all finished trials.
        ledger: counts how often this holdout was read.
        clock: of the baselines.
        begun: those that another process scores, see `begin_baselines`.
    """
    of_both = results if "balance" in plan.spec.space.ranges else ()  # else all trials are on one side
    gain = balance_gain(of_both, lambda result: trial_at(plan.spec, result.params).balance.kind, plan.goal)
    # a threshold that was searched is a threshold that was tuned
    threshold: Asked = "auto" if "fit.threshold" in plan.spec.space.ranges else model.trial.fit.threshold
    rivals = None if begun is None else finished(begun, clock)
    if rivals is None:
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

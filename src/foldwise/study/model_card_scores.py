"""The scores of a model card: with intervals, beside the baselines, and by level of the columns that were asked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.evaluation.slices import Scored, Scorer, levels_of, with_interval
from foldwise.report.model_card import Grid, Part
from foldwise.seeds import Purpose, derive
from foldwise.study.judge import Judgement
from foldwise.study.out_of_fold import load, rows_of
from foldwise.study.plan import Plan
from foldwise.study.refit_best import Refitted
from foldwise.system.numbers import score
from foldwise.tasks.scores import truth_of
from foldwise.tasks.table import task_of
from foldwise.trial.result import TrialResult, plus_minus
from foldwise.trial.summary import StudySummary

MOST_LABELS = 10  # of a confusion matrix


@dataclass(frozen=True, eq=False)
class Answered:
    """Rows that the model did not learn from, as read, with the truth and the predictions, and what they are."""

    raw: pd.DataFrame
    truth: npt.NDArray[np.int64] | npt.NDArray[np.float64]
    predictions: npt.NDArray[np.float64]
    threshold: float
    called: str


def scores(plan: Plan, judgement: Judgement, summary: StudySummary) -> list[Part]:
    """The model's scores with intervals and those of the baselines, all metrics of the holdout, and its confusion matrix."""
    metric, folds = plan.goal.metric, len(summary.best.folds)
    lines = [(f"{metric} {summary.scored}", summary.cross_validated, _over(folds))]
    found, together = summary.certificate, summary.ensemble
    of_trial = together is None or not together.shipped  # the score of an ensemble is a corrected one already
    if of_trial and found is not None and found.score is not None:
        lines.append((f"{metric} corrected for the search", score(found.score), _between(found.low, found.high)))
    if summary.holdout is not None:
        own = _on_holdout(plan, judgement)
        lines.append((f"{metric} on the holdout ({own.rows:,} rows)", score(own.score), _between(own.low, own.high)))
    parts: list[Part] = [Grid(("score", "value", "spread or 95 % interval"), lines)]
    rivals = [(one.shown, plus_minus(score(one.mean), score(one.sd), folds), score(one.holdout)) for one in summary.baselines]
    rivals += [(one.name, "not finished", "-") for one in summary.baselines_unfinished]
    if rivals:
        parts.append(Grid(("baseline", f"{metric} {summary.scored}", f"{metric} on the holdout"), rivals))
    if summary.holdout is not None:
        parts.append(
            Grid(("metric", "on the holdout"), [(name, score(value)) for name, value in summary.holdout.metrics.items()])
        )
        classes = summary.holdout.classes or summary.holdout.targets
        if classes:
            names = list(next(iter(classes.values())))
            rows = [(label, *(score(one.get(name)) for name in names)) for label, one in classes.items()]
            parts.append(
                Grid(("class" if summary.holdout.classes else "target", *(f"{name} on the holdout" for name in names)), rows)
            )
        confusion = summary.holdout.confusion
        if confusion is not None and len(confusion.labels) <= MOST_LABELS:
            counts = [(label, *map(str, row)) for label, row in zip(confusion.labels, confusion.counts, strict=True)]
            parts += [
                "How often each label (a row) was answered as each label (a column):",
                Grid(("", *confusion.labels), counts),
            ]
    return parts


def slices(plan: Plan, best: TrialResult, model: Refitted, judgement: Judgement) -> list[Part]:
    """The model's score for each level of the columns that were asked for; nothing if none were."""
    columns = plan.spec.fixed.card.slices
    if not columns:
        return []
    rows = _answered(plan, best, model, judgement)
    if rows is None:
        return ["There are no predictions for rows that the model did not learn from, so there are no scores by level."]
    parts: list[Part] = [
        f"{plan.goal.metric} {rows.called}, each level with its own 95 % interval. "
        "Levels differ by chance too, the more of them there are and the fewer rows they have."
    ]
    score_of = task_of(plan.table.task).scorer(len(plan.table.class_names), plan.goal.metric, rows.threshold)
    return [*parts, *(_by_level(plan, rows, column, score_of) for column in columns)]


def _by_level(plan: Plan, rows: Answered, column: str, score_of: Scorer) -> Grid:
    found = []
    for place, (level, mask) in enumerate(levels_of(rows.raw[column]).items()):
        seed = derive(Purpose.SLICES, plan.spec.fixed.seed, place)
        one = with_interval(score_of, plan.goal.metric, rows.truth[mask], rows.predictions[mask], seed)
        found.append((level, f"{one.rows:,}", score(one.score), _between(one.low, one.high)))
    return Grid((column, "rows", plan.goal.metric, "95 % interval"), found)


def _answered(plan: Plan, best: TrialResult, model: Refitted, judgement: Judgement) -> Answered | None:
    """The holdout; without one, or without the columns there, the rows of the folds."""
    held, answers = plan.holdout, judgement.answers
    if len(held) and set(plan.spec.fixed.card.slices) <= set(held.raw.columns):
        return Answered(held.raw, answers.truth, answers.predictions, answers.threshold, f"on the {len(held):,} holdout rows")
    predictions = load(plan, [best.trained_as]).get(best.trained_as)
    if predictions is None or plan.same_rows:
        return None
    at, asked = rows_of(plan), model.trial.fit.threshold
    threshold = best.metrics["threshold"] if asked == "auto" else asked
    raw = plan.table.raw.iloc[at].reset_index(drop=True)
    return Answered(raw, plan.table.target[at], predictions, threshold, f"of the {len(at):,} rows out of fold")


def _on_holdout(plan: Plan, judgement: Judgement) -> Scored:
    answers, table, metric = judgement.answers, plan.table, plan.goal.metric
    score_of = task_of(table.task).scorer(len(table.class_names), metric, answers.threshold)
    return with_interval(
        score_of, metric, truth_of(plan.holdout), answers.predictions, derive(Purpose.SLICES, plan.spec.fixed.seed)
    )


def _over(folds: int) -> str:
    return f"standard deviation over {folds} folds" if folds > 1 else "one split, no spread"


def _between(low: float | None, high: float | None) -> str:
    return "-" if low is None or high is None else f"{score(low)} to {score(high)}"

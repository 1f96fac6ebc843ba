"""The baselines of a study: scored on its folds and its holdout, beside the search where that decides nothing about them."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, wait
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from foldwise.data.table import Table
from foldwise.errors import JobError
from foldwise.evaluation import baselines
from foldwise.evaluation.baseline_clock import BaselineClock, OutOfBaselineTime
from foldwise.evaluation.boosting import MOST_LEVELS
from foldwise.evaluation.shrunken import shrunken
from foldwise.evaluation.threshold import Asked
from foldwise.models.heads import THRESHOLD
from foldwise.models.input_rules import takes_pixels
from foldwise.seeds import Purpose, derive
from foldwise.study.beside import Beside
from foldwise.study.plan import Plan
from foldwise.tasks.scores import condensed_for
from foldwise.tasks.table import task_of
from foldwise.trial.result import mean_and_sd
from foldwise.trial.summary import BaselineScore, UnfinishedBaseline

Predictions = npt.NDArray[np.float64]

MOST_CELLS = 4_000_000  # of a table that is copied to another process: 32 MB
SECONDS_BETWEEN_CHECKS = 0.2  # how often a study that waits looks for a signal


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


def begin_baselines(plan: Plan, threads: int, beside: Beside | None) -> Future[Baselines] | None:
    """Begin to score the baselines in another process while the search runs.

    None where they are scored after it: if it decides how they are judged, by a threshold or by balancing; if their time is
    limited; if a copy of the rows would be too large; if there are none.

    Args:
        plan: the study's data.
        threads: of this process, for the same bits.
        beside: runs work in another process; None if there is none.
    """
    searched = [name for name, _ in plan.spec.space.walk()]
    decides = any(f"{name}.".startswith(("fit.threshold.", "balance.")) or name == "fit" for name in searched)
    cells = len(plan.table) * max(1, len(plan.table.schema.columns))
    copied = plan.table.images is None and cells <= MOST_CELLS
    asks_for_none = plan.spec.fixed.baselines is not None and not plan.spec.fixed.baselines
    if beside is None or decides or not copied or asks_for_none:
        return None
    trial = plan.spec.corners[0]
    return beside(partial(_with_threads, plan, trial.fit.threshold, trial.balance.kind != "none", threads))


def _with_threads(plan: Plan, threshold: Asked, balanced: bool, threads: int) -> Baselines:
    with baselines.threads(threads):
        return judge_baselines(plan, threshold, balanced, BaselineClock())


def finished(begun: Future[Baselines], clock: BaselineClock) -> Baselines | None:
    """The baselines that another process scores; None if it has ended before.

    Raises:
        Interrupted: by the clock.
    """
    while not wait([begun], SECONDS_BETWEEN_CHECKS).done:
        clock.waits()
    try:
        return begun.result()
    except JobError:
        return None


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

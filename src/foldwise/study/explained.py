"""The ground on which a trial is explained: its predictions, the networks of its folds, and the time that is left."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from foldwise.evaluation.column_importance import FoldRows
from foldwise.evaluation.level_scores import Predicted
from foldwise.evaluation.metrics import scorer
from foldwise.evaluation.threshold import fold_thresholds
from foldwise.models.heads import THRESHOLD
from foldwise.models.input_rules import takes_pixels
from foldwise.study.out_of_fold import load, rows_of
from foldwise.study.plan import Plan
from foldwise.trial.job import TrialJob
from foldwise.trial.result import TrialResult

if TYPE_CHECKING:
    from foldwise.training.fold_models import FoldModel

Array = npt.NDArray[Any]


class TimeIsOver(Exception):
    """The time in which a trial is explained is over."""


@dataclass(frozen=True, eq=False)
class Explaining:
    """A complete trial that is looked at.

    ends: when the time is over, by `time.monotonic`. raise_if_stopped: raises Interrupted once the user asked to stop.
    """

    plan: Plan
    trial: TrialResult
    ends: float
    raise_if_stopped: Callable[[], None]

    @property
    def left(self) -> float:
        """The seconds that are left."""
        return self.ends - time.monotonic()

    def between(self) -> None:
        """Raise TimeIsOver or Interrupted where the work has to end."""
        self.raise_if_stopped()
        if self.left <= 0:
            raise TimeIsOver

    @cached_property
    def job(self) -> TrialJob:
        """The job that trained it."""
        return self.plan.job(self.trial.trained_as, self.trial.params, self.trial.engine)

    @property
    def is_quick(self) -> bool:
        """Whether its folds can be trained again in the time that is left."""
        return self.trial.seconds <= self.left

    @property
    def has_columns(self) -> bool:
        """Whether its network takes columns; a pixel means nothing by itself."""
        return self.plan.table.images is None and not takes_pixels(self.job.spec.model)

    @cached_property
    def models(self) -> list[FoldModel]:
        """The networks of its folds, trained again to the same weights."""
        from foldwise.training.fold_models import fold_models

        return fold_models(self.job, self.plan.table, self.plan.splits, self.between)

    @cached_property
    def kept(self) -> Predicted | None:
        """Its out-of-fold predictions, if they were kept or its folds can be trained again in time."""
        answers = load(self.plan, [self.trial.trained_as]).get(self.trial.trained_as)
        if answers is None:
            if not (self.has_columns and self.is_quick):
                return None
            answers = np.concatenate([model.predictions for model in self.models])
        counts = [len(split.valid) for split in self.plan.splits]
        thresholds = self.thresholds(np.split(answers, np.cumsum(counts)[:-1]))
        return Predicted(rows_of(self.plan), answers, np.repeat(thresholds, counts))

    @cached_property
    def whole(self) -> float:
        """The score of all out-of-fold predictions together; nan without them."""
        if self.kept is None:
            return float("nan")
        table = self.plan.table
        score = scorer(table.task, len(table.labels), self.plan.goal.metric, self.kept.thresholds)
        return score(table.target[self.kept.at], self.kept.answers)

    def thresholds(self, answers: Sequence[Array]) -> list[float]:
        """The threshold of each fold, as the trial had them, from the predictions of all folds."""
        asked = self.job.spec.fit.threshold
        if len(self.plan.table.labels) != 2:
            return [THRESHOLD] * len(answers)
        truth = [self.plan.table.target[split.valid] for split in self.plan.splits]
        return fold_thresholds(asked, self.plan.goal.metric, list(zip(truth, answers, strict=True)))

    def fold_rows(self, rows: Sequence[Array]) -> list[FoldRows]:
        """These validation rows of each fold (places among them), with the network of the fold and its score."""
        table, goal = self.plan.table, self.plan.goal
        thresholds = self.thresholds([model.predictions for model in self.models])

        def good(truth: Array, threshold: float) -> Callable[[Array], float]:
            score = scorer(table.task, len(table.labels), goal.metric, threshold)
            return lambda predictions: goal.sign * score(truth, predictions)

        return [
            FoldRows(
                np.take(np.asarray(model.x), own, axis=0),
                model.columns,
                model.predict,
                good(table.target[split.valid[own]], threshold),
            )
            for model, split, own, threshold in zip(self.models, self.plan.splits, rows, thresholds, strict=True)
        ]

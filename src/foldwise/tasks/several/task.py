"""Several numbers as a task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from foldwise.evaluation import baselines
from foldwise.evaluation.under_weights import Weighted
from foldwise.models.heads import THRESHOLD, Head
from foldwise.spec.goal import Task as TaskName
from foldwise.tasks.one_answer import OneAnswer
from foldwise.tasks.several.scores import PREDICTION, TRUTH, by_number, condense, weighted_means
from foldwise.tasks.task import Array, Scorer

if TYPE_CHECKING:
    import keras

    from foldwise.data.table import Table
    from foldwise.data.target_columns import TargetColumn
    from foldwise.evaluation.baseline_clock import BaselineClock


class Several(OneAnswer):
    """See `Task`. Truth and predictions are (rows, numbers), each in its own unit; for condensed rows see `several.scores`."""

    def condensed(self, truth: Array, predictions: Array, classes: int, targets: Sequence[TargetColumn] = ()) -> Array:
        """Truth and prediction of each number, with its unit and its weight, (rows, numbers, 4)."""
        return condense(truth, predictions, targets)

    def scorer(self, classes: int, metric: str, threshold: float | Array = THRESHOLD) -> Scorer:
        """See `several.scores`."""
        return lambda truth, rows: float(weighted_means(rows, metric)[0])

    def by_class(self, rows: Array, classes: Sequence[str]) -> Mapping[str, Mapping[str, float]]:
        """The scores of each number, in its own unit."""
        return by_number(rows, classes)

    def of_rows(self, rows: Array, classes: Sequence[str], metric: str) -> Mapping[str, Array]:
        """Truth and prediction of each number."""
        truths = {f"truth_{name}": rows[:, place, TRUTH] for place, name in enumerate(classes)}
        return truths | {name: rows[:, place, PREDICTION] for place, name in enumerate(classes)}

    def under_weights(
        self, classes: int, metric: str, truth: Array, models: Sequence[Array], thresholds: Sequence[Array | float]
    ) -> Weighted:
        """The mean over numbers, of rows that count as often as their weights say."""
        return lambda weights: np.column_stack([weighted_means(rows, metric, weights) for rows in models])

    def loss(self, head: Head, per_row: bool = False, dtype: str | None = None, smoothing: float = 0.0) -> keras.losses.Loss:
        """The mean over numbers of the loss of each, by weight; where all count alike that is Keras's own."""
        if not head.weights:
            return super().loss(head, per_row, dtype, smoothing)
        from foldwise.tasks.several.loss import WeightedLoss

        reduction = "none" if per_row else "sum_over_batch_size"
        return WeightedLoss(super().loss(head, True, dtype, smoothing), head.weights, reduction, dtype)

    def curve(self, head: Head) -> keras.metrics.Metric:
        """`mae`, of the scaled numbers."""
        import keras

        return keras.metrics.MeanAbsoluteError(name="mae")

    def baselines(self, balanced: bool, pixels: bool) -> tuple[str, ...]:
        """Those of one number."""
        return baselines.names(self.name, balanced, pixels)

    def baseline(
        self, name: str, table: Table, train: npt.NDArray[Any], rows: Table, clock: BaselineClock | None, seed: int
    ) -> Array:
        """A model of its own for each number, (rows, numbers)."""
        each = range(len(table.targets))
        return np.column_stack(
            [baselines.holdout_predictions(name, table.alone(at), train, rows.alone(at), clock, seed) for at in each]
        )

    def columns(self, classes: Sequence[str]) -> Mapping[str, str]:
        """The numbers, under the names of their columns."""
        return dict.fromkeys(classes, "double")

    def answers(self, predictions: Array, classes: Sequence[str], threshold: float = 0.5) -> dict[str, Any]:
        """The numbers, under the names of their columns."""
        return {name: predictions[:, place] for place, name in enumerate(classes)}

    def in_words(self, target: Array, classes: Sequence[str]) -> Mapping[str, float]:
        """The mean of each number; nan of no rows."""
        means = target.mean(axis=0) if len(target) else np.full(len(classes), np.nan)
        return {f"mean of {name}": float(mean) for name, mean in zip(classes, means, strict=True)}


def make(name: TaskName) -> Several:
    """The task of this name."""
    return Several(name)

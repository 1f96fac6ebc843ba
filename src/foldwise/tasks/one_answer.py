"""What the tasks with one answer a row share: a label, or a number."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from foldwise.evaluation import baselines, metrics
from foldwise.evaluation.under_weights import Weighted, under_weights
from foldwise.models.heads import THRESHOLD, Head, to_predictions
from foldwise.spec.goal import Task as TaskName
from foldwise.tasks.task import Array, Encode, Put, Scorer

if TYPE_CHECKING:
    import keras

    from foldwise.data.preparation.target_scale import TargetScale
    from foldwise.data.table import Table
    from foldwise.data.target_columns import TargetColumn
    from foldwise.evaluation.baseline_clock import BaselineClock
    from foldwise.spec.augment import AugmentSpec
    from foldwise.spec.model import ModelSpec

LOSSES: Mapping[str, str] = {
    "binary_crossentropy": "BinaryCrossentropy",
    "binary_focal": "BinaryFocalCrossentropy",
    "hinge": "Hinge",
    "squared_hinge": "SquaredHinge",
    "categorical_crossentropy": "CategoricalCrossentropy",
    "categorical_focal": "CategoricalFocalCrossentropy",
    "categorical_hinge": "CategoricalHinge",
    "kl_divergence": "KLDivergence",
    "mse": "MeanSquaredError",
    "mae": "MeanAbsoluteError",
    "huber": "Huber",
    "log_cosh": "LogCosh",
    "mape": "MeanAbsolutePercentageError",
    "msle": "MeanSquaredLogarithmicError",
    "poisson": "Poisson",
}


@dataclass(frozen=True)
class OneAnswer:
    """A label or a number for each row; see `Task`. The classes of this file's users say what differs."""

    name: TaskName
    of_pictures: bool = False

    def predictions(self, head: Head, outputs: Array, target: TargetScale) -> Array:
        """Class probabilities (rows, classes), or numbers (rows,) in their own unit."""
        return to_predictions(head, outputs, target)

    def condensed(self, truth: Array, predictions: Array, classes: int, targets: Sequence[TargetColumn] = ()) -> Array:
        """The predictions as they are."""
        return predictions

    def scorer(self, classes: int, metric: str, threshold: float | Array = THRESHOLD) -> Scorer:
        """As `metrics.scorer`."""
        return metrics.scorer(self.name, classes, metric, threshold)

    def by_class(self, rows: Array, classes: Sequence[str]) -> Mapping[str, Mapping[str, float]]:
        """Nothing: the confusion matrix has the classes."""
        return {}

    def of_rows(self, rows: Array, classes: Sequence[str], metric: str) -> Mapping[str, Array | Sequence[float]]:
        """Nothing: truth and predictions are columns already."""
        return {}

    def under_weights(
        self, classes: int, metric: str, truth: Array, models: Sequence[Array], thresholds: Sequence[Array | float]
    ) -> Weighted:
        """As `evaluation.under_weights`."""
        return under_weights(self.name, classes, metric, truth, models, thresholds)

    def loss(self, head: Head, per_row: bool = False, dtype: str | None = None, smoothing: float = 0.0) -> keras.losses.Loss:
        """Keras's loss; dtype: None is Keras's own; smoothing: see fit.label_smoothing."""
        import keras

        options: dict[str, float] = {"label_smoothing": smoothing} if smoothing > 0 else {}
        reduction = "none" if per_row else "sum_over_batch_size"
        return getattr(keras.losses, LOSSES[head.loss])(reduction=reduction, dtype=dtype, **options)

    def encoder(self, head: Head, model: ModelSpec) -> Encode | None:
        """None: preparation has made what the loss compares."""
        return None

    def moved(self, augment: AugmentSpec, image: tuple[int, int, int], seed: int) -> Callable[..., Any] | None:
        """None: a label stays where its picture goes."""
        return None

    def baselines(self, balanced: bool, pixels: bool) -> tuple[str, ...]:
        """As `evaluation.baselines.names`."""
        return baselines.names(self.name, balanced, pixels)

    def baseline(
        self, name: str, table: Table, train: npt.NDArray[Any], rows: Table, clock: BaselineClock | None, seed: int
    ) -> Array:
        """As `evaluation.baselines.holdout_predictions`."""
        return baselines.holdout_predictions(name, table, train, rows, clock, seed)

    def writer(self, folder: Path, classes: Sequence[str]) -> AbstractContextManager[Put]:
        """Nothing: the table holds all."""
        return nullcontext(lambda rows, files, images, predictions: None)

    def draw(self, folder: Path, images: Array, truth: Array, predictions: Array | None, classes: Sequence[str]) -> list[Path]:
        """Nothing: `report.figures` draws labels and numbers."""
        return []

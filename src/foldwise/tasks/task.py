"""What every room above asks a task. The next task is a folder beside this file and a line in `table`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy.typing as npt

if TYPE_CHECKING:
    import keras

    from foldwise.data.preparation.target_scale import TargetScale
    from foldwise.data.table import Table
    from foldwise.data.target_columns import TargetColumn
    from foldwise.evaluation.baseline_clock import BaselineClock
    from foldwise.evaluation.under_weights import Weighted
    from foldwise.models.heads import Head
    from foldwise.spec.augment import AugmentSpec
    from foldwise.spec.goal import Task as TaskName
    from foldwise.spec.model import ModelSpec

Array = npt.NDArray[Any]
Scorer = Callable[[Array, Array], float]
Tensor = Any  # TensorFlow ships no types
Encode = Callable[[Tensor], Tensor]
# Writes some rows of a file: their numbers, their files if they are pictures in a folder, images, and predictions. It gives
# back the names of files that stand for `prediction` in the table; None leaves it.
Put = Callable[[Sequence[int], Sequence[str] | None, Array, Array], Sequence[str] | None]


class Task(Protocol):
    """One kind of target.

    Truth is `Table.target`: (rows,) codes or numbers, (rows, numbers) of several, or with pictures (rows, height, width) masks
    or (rows, most, 5) boxes. Predictions are what the outputs of a network mean. Condensed rows are what scores are computed
    from: the predictions themselves, truth and prediction of each of several numbers, or of pictures small counts, so that
    masks travel no further than the training of a fold.
    """

    @property
    def name(self) -> TaskName:
        """As in `data.task`."""

    @property
    def of_pictures(self) -> bool:
        """Whether the target is a part of a picture, such as its pixels, and not one label or number of a row."""

    def predictions(self, head: Head, outputs: Array, target: TargetScale) -> Array:
        """What outputs (rows, ...) of a network mean.

        Args:
            head: its output layer.
            outputs: as the network gives them.
            target: how numbers were scaled.
        """

    def condensed(self, truth: Array, predictions: Array, classes: int, targets: Sequence[TargetColumn] = ()) -> Array:
        """Rows as scores are computed from them, (rows, ...), floats.

        Args:
            truth: (rows, ...).
            predictions: of the same rows.
            classes: the number of labels, or of the classes of pixels or boxes.
            targets: the columns of several numbers.
        """

    def scorer(self, classes: int, metric: str, threshold: float | Array = 0.5) -> Scorer:
        """One metric as a function of truth (rows, ...) and condensed rows; nan where it is not defined.

        It is called thousands of times with rows that were drawn again. A task whose table has classes looks at condensed rows
        alone.
        """

    def by_class(self, rows: Array, classes: Sequence[str]) -> Mapping[str, Mapping[str, float]]:
        """The scores of each class of pixels or boxes, or of each of several numbers, over condensed rows, those that are
        defined; {} for other tasks.
        """

    def of_rows(self, rows: Array, classes: Sequence[str], metric: str) -> Mapping[str, Array | Sequence[float]]:
        """What a table of predictions has of condensed rows, (rows,) each: a metric of each picture, or truth and prediction.

        Asked only where the table has classes.
        """

    def under_weights(
        self, classes: int, metric: str, truth: Array, models: Sequence[Array], thresholds: Sequence[Array | float]
    ) -> Weighted:
        """One metric of many models as a function of row weights; see `evaluation.under_weights`."""

    def loss(self, head: Head, per_row: bool = False, dtype: str | None = None, smoothing: float = 0.0) -> keras.losses.Loss:
        """The loss of a head: the mean over the rows of a batch, or one value for each row."""

    def curve(self, head: Head) -> keras.metrics.Metric:
        """The metric that has a curve beside the loss."""

    def encoder(self, head: Head, model: ModelSpec) -> Encode | None:
        """What makes of a batch of targets what the loss compares; None if that is the target itself."""

    def moved(self, augment: AugmentSpec, image: tuple[int, int, int], seed: int) -> Callable[..., Any] | None:
        """The change of a batch of pictures together with their targets; None if targets stay as they are.

        Args:
            augment: the changes.
            image: height, width and channels.
            seed: of the draws.

        Returns:
            (images, targets, step) -> (images, targets); images (rows, height, width, channels), floats from 0 to 255.
        """

    def baselines(self, balanced: bool, pixels: bool) -> tuple[str, ...]:
        """The names of the usual baselines; see `evaluation.baselines.names`."""

    def baseline(
        self, name: str, table: Table, train: npt.NDArray[Any], rows: Table, clock: BaselineClock | None, seed: int
    ) -> Array:
        """A baseline's predictions for `rows`, learnt from the rows of `table` at `train`."""

    def columns(self, classes: Sequence[str]) -> Mapping[str, str]:
        """The columns of an answer and their kinds, string or double."""

    def answers(self, predictions: Array, classes: Sequence[str], threshold: float = 0.5) -> dict[str, Any]:
        """The cells of these columns, (rows,) each, as JSON can hold them.

        Args:
            predictions: (rows, ...), not condensed.
            classes: their names.
            threshold: of two labels, the second is the answer if its probability is above it.
        """

    def writer(self, folder: Path, classes: Sequence[str]) -> AbstractContextManager[Put]:
        """What `predict` writes beside its table of answers: masks as pictures, boxes as further tables.

        Args:
            folder: exists, and is empty.
            classes: the names.
        """

    def in_words(self, target: Array, classes: Sequence[str]) -> Mapping[str, float]:
        """What `prepare` shows of targets: how often there is what."""

    def draw(self, folder: Path, images: Array, truth: Array, predictions: Array | None, classes: Sequence[str]) -> list[Path]:
        """Draw pictures with their targets and the answers to them, the mistakes first, as PNG files; other tasks draw nothing.

        Args:
            folder: is made where it is missing.
            images: (rows, height, width, channels), uint8.
            truth: of these pictures.
            predictions: not condensed; None draws the targets alone, in the order of the rows.
            classes: the names.

        Returns:
            The files.
        """

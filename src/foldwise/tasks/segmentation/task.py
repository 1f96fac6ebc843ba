"""Semantic segmentation as a task."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from foldwise.data.masks import IGNORED
from foldwise.spec.augment import AugmentSpec, ImageAugment
from foldwise.spec.goal import Task as TaskName
from foldwise.tasks.pictures import OfPictures
from foldwise.tasks.segmentation.answers import areas, as_png, names_of
from foldwise.tasks.segmentation.baselines import BASELINES
from foldwise.tasks.segmentation.overlays import draw_answers, draw_masks
from foldwise.tasks.segmentation.scores import by_class, condense, score
from foldwise.tasks.task import Array, Put, Scorer

if TYPE_CHECKING:
    import keras

    from foldwise.data.preparation.target_scale import TargetScale
    from foldwise.data.table import Table
    from foldwise.data.target_columns import TargetColumn
    from foldwise.evaluation.baseline_clock import BaselineClock
    from foldwise.models.heads import Head


class Segmentation(OfPictures):
    """See `Task`. Truth and predictions are codes of classes, (rows, height, width), uint8; in the truth 255 counts nowhere."""

    def predictions(self, head: Head, outputs: Array, target: TargetScale) -> Array:
        """The most probable class of each pixel; the first of several that are equal."""
        del head, target
        codes: npt.NDArray[np.uint8] = outputs.argmax(axis=-1).astype(np.uint8)
        return codes

    def condensed(self, truth: Array, predictions: Array, classes: int, targets: Sequence[TargetColumn] = ()) -> Array:
        """Of each class the pixels that are both, predicted and true, (rows, classes, 3)."""
        return condense(truth, predictions, classes).astype(np.float64)

    def scorer(self, classes: int, metric: str, threshold: float | Array = 0.5) -> Scorer:
        """See `segmentation.scores`."""
        return lambda truth, condensed: score(condensed, metric)

    def by_class(self, rows: Array, classes: Sequence[str]) -> Mapping[str, Mapping[str, float]]:
        """Intersection over union, Dice and share of the pixels of each class that is there or was predicted."""
        return {label: own for label, own in by_class(rows, classes).items() if not math.isnan(own["iou"])}

    def loss(self, head: Head, per_row: bool = False, dtype: str | None = None, smoothing: float = 0.0) -> keras.losses.Loss:
        """See `segmentation.losses`; one number for a batch, whose pixels are pooled."""
        from foldwise.tasks.segmentation.losses import of_batch

        assert not per_row  # losses of rows are for weights of rows, which pictures do not have
        return of_batch(head.loss)

    def curve(self, head: Head) -> keras.metrics.Metric:
        """`mean_iou`."""
        import keras

        return keras.metrics.MeanIoU(head.units, ignore_class=IGNORED, sparse_y_pred=False, name="mean_iou")

    def moved(self, augment: AugmentSpec, image: tuple[int, int, int], seed: int) -> Callable[..., Any] | None:
        """A mask moves with its picture."""
        from foldwise.tasks.segmentation.moves import moves

        return moves(augment, seed) if isinstance(augment, ImageAugment) else None

    def baselines(self, balanced: bool, pixels: bool) -> tuple[str, ...]:
        """The commonest class everywhere, and a logistic regression on the colour of each pixel."""
        return tuple(BASELINES)

    def baseline(
        self, name: str, table: Table, train: npt.NDArray[Any], rows: Table, clock: BaselineClock | None, seed: int
    ) -> Array:
        """The class of each pixel of `rows`."""
        assert table.images is not None
        assert rows.images is not None
        return BASELINES[name](table.images[train], table.target[train], seed)(rows.images)

    def columns(self, classes: Sequence[str]) -> Mapping[str, str]:
        """The mask as a PNG in base64, and of each class its pixels and their share of the picture."""
        return {"prediction": "string", **{name: "double" for pair in names_of(classes) for name in pair}}

    def answers(self, predictions: Array, classes: Sequence[str], threshold: float = 0.5) -> dict[str, Any]:
        """The mask as a PNG in base64, and of each class its pixels and their share of the picture."""
        return {"prediction": np.array([as_png(mask) for mask in predictions], dtype=object), **areas(predictions, classes)}

    @contextmanager
    def writer(self, folder: Path, classes: Sequence[str]) -> Iterator[Put]:
        """A PNG for each picture, with its name or its number; the grey value of a pixel is the place of its class."""
        from foldwise.tasks.segmentation.answers import write_masks

        del classes
        yield partial(write_masks, folder)

    def in_words(self, target: Array, classes: Sequence[str]) -> Mapping[str, float]:
        """The pixels of each class."""
        counts = np.bincount(target.ravel(), minlength=IGNORED + 1)
        return {label: int(counts[code]) for code, label in enumerate(classes)}

    def draw(self, folder: Path, images: Array, truth: Array, predictions: Array | None, classes: Sequence[str]) -> list[Path]:
        """Pictures with the outlines of their masks, or with what the answers missed and invented."""
        folder.mkdir(parents=True, exist_ok=True)
        if predictions is None:
            return [draw_masks(folder / "first_masks.png", images, truth)]
        return [draw_answers(folder / "overlays.png", images, truth, predictions, classes)]


def make(name: TaskName) -> Segmentation:
    """The task of this name."""
    return Segmentation(name)

"""Boxes with a class as a task; see `tasks.task.Task`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from foldwise.spec.augment import ImageAugment
from foldwise.spec.centre import CentreSpec
from foldwise.spec.goal import Task as TaskName
from foldwise.tasks.detection.answers import SURE, as_json, count_names, counts, writer
from foldwise.tasks.detection.baselines import BASELINES
from foldwise.tasks.detection.boxes import EMPTY, FOUND_WIDTH, MOST_FOUND, is_box
from foldwise.tasks.detection.decode import SHAPE_MAPS, decode
from foldwise.tasks.detection.overlays import draw_mistakes, draw_truth
from foldwise.tasks.detection.precision import average_precisions, condense
from foldwise.tasks.pictures import OfPictures
from foldwise.tasks.task import Array, Encode, Put, Scorer

if TYPE_CHECKING:
    import keras

    from foldwise.data.preparation.target_scale import TargetScale
    from foldwise.data.table import Table
    from foldwise.data.target_columns import TargetColumn
    from foldwise.evaluation.baseline_clock import BaselineClock
    from foldwise.models.heads import Head
    from foldwise.spec.augment import AugmentSpec
    from foldwise.spec.model import ModelSpec

# metric -> the position in precision.THRESHOLDS; None is the mean over all of them
METRICS: Mapping[str, int | None] = {"ap50": 0, "ap": None}


@dataclass(frozen=True)
class Detection(OfPictures):
    """Boxes with a class in pictures. Truth (rows, most, 5) and predictions (rows, 100, 6) are as `detection.boxes` says."""

    def predictions(self, head: Head, outputs: Array, target: TargetScale) -> Array:
        """The boxes that the maps of a centre network mean, (rows, 100, 6); of no rows none."""
        if not len(outputs):
            return np.full((0, MOST_FOUND, FOUND_WIDTH), EMPTY, dtype=np.float32)
        return decode(outputs, (head.height, head.width), head.stride, head.overlap)

    def condensed(self, truth: Array, predictions: Array, classes: int, targets: Sequence[TargetColumn] = ()) -> Array:
        """As `precision.condense`."""
        return condense(truth, predictions, classes)

    def scorer(self, classes: int, metric: str, threshold: float | Array = 0.5) -> Scorer:
        """The mean over the labels that are there; nan where none is."""
        at = METRICS[metric]

        def score(truth: Array, rows: Array) -> float:
            each = average_precisions(rows, at)
            known = each[~np.isnan(each)]
            return float(known.mean()) if len(known) else math.nan

        return score

    def by_class(self, rows: Array, classes: Sequence[str]) -> Mapping[str, Mapping[str, float]]:
        """The average precision of each label that is there, at an overlap of one half and over all."""
        each = {metric: average_precisions(rows, at) for metric, at in METRICS.items()}
        return {
            label: {metric: float(values[code]) for metric, values in each.items()}
            for code, label in enumerate(classes)
            if not np.isnan(each["ap"][code])
        }

    def loss(self, head: Head, per_row: bool = False, dtype: str | None = None, smoothing: float = 0.0) -> keras.losses.Loss:
        """The loss of centres, sizes and places."""
        from foldwise.tasks.detection.loss import CentreLoss

        return CentreLoss(name="centres", reduction="none" if per_row else "sum_over_batch_size", dtype=dtype)

    def curve(self, head: Head) -> keras.metrics.Metric:
        """The share of centres whose own place has a probability of at least one half."""
        import keras

        from foldwise.tasks.detection.loss import centres_found

        return keras.metrics.MeanMetricWrapper(centres_found, name="centres_found")

    def encoder(self, head: Head, model: ModelSpec) -> Encode | None:
        """Boxes become the maps that the loss compares."""
        from foldwise.tasks.detection.targets import encode

        assert isinstance(model, CentreSpec)
        cells = (-(-head.height // head.stride), -(-head.width // head.stride))
        weights = (model.size_weight, model.place_weight)
        return partial(encode, labels=head.units - SHAPE_MAPS, cells=cells, stride=head.stride, weights=weights)

    def moved(self, augment: AugmentSpec, image: tuple[int, int, int], seed: int) -> Callable[..., Any] | None:
        """Boxes move with their pictures."""
        from foldwise.tasks.detection.moves import moves

        return moves(augment, image, seed) if isinstance(augment, ImageAugment) else None

    def baselines(self, balanced: bool, pixels: bool) -> tuple[str, ...]:
        """The mean box of each label, and no boxes."""
        return tuple(BASELINES)

    def baseline(
        self, name: str, table: Table, train: npt.NDArray[Any], rows: Table, clock: BaselineClock | None, seed: int
    ) -> Array:
        """The same boxes in all pictures of `rows`."""
        return BASELINES[name](table.target[train], len(rows), len(table.classes))

    def columns(self, classes: Sequence[str]) -> Mapping[str, str]:
        """The boxes as JSON, and how many of each label have a score of at least 0.3."""
        return {"prediction": "string", **dict.fromkeys(count_names(classes), "double")}

    def answers(self, predictions: Array, classes: Sequence[str], threshold: float = 0.5) -> dict[str, Any]:
        """The boxes as JSON, and how many of each label have a score of at least 0.3."""
        return {
            "prediction": np.array([as_json(one, classes) for one in predictions], dtype=object),
            **counts(predictions, classes),
        }

    def writer(self, folder: Path, classes: Sequence[str]) -> AbstractContextManager[Put]:
        """A table of boxes, COCO's JSON, and pictures with boxes; see `answers.writer`."""
        return writer(folder, classes)

    def in_words(self, target: Array, classes: Sequence[str]) -> Mapping[str, float]:
        """The boxes of each label, and the pictures without any."""
        there = is_box(target)
        found = {label: int((there & (target[..., 0] == code)).sum()) for code, label in enumerate(classes)}
        return {**found, "pictures without boxes": int((~there.any(axis=1)).sum())}

    def draw(self, folder: Path, images: Array, truth: Array, predictions: Array | None, classes: Sequence[str]) -> list[Path]:
        """Pictures with their true boxes, or with what the answers have right, invent and miss."""
        folder.mkdir(parents=True, exist_ok=True)
        if predictions is None:
            return [draw_truth(folder / "first_boxes.png", images, truth, classes)]
        return [draw_mistakes(folder / "boxes.png", images, truth, predictions, SURE)]


def make(name: TaskName) -> Detection:
    """The task of this name."""
    return Detection(name)

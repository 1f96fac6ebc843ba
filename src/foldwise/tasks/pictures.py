"""What the tasks of pictures share: a target for each pixel, or boxes."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np

from foldwise.evaluation.under_weights import Weighted
from foldwise.spec.goal import Task as TaskName
from foldwise.tasks.task import Array, Encode, Scorer

if TYPE_CHECKING:
    from foldwise.models.heads import Head
    from foldwise.spec.augment import AugmentSpec
    from foldwise.spec.model import ModelSpec

MOST_BYTES = 150  # of a picture's own name in that of its answer: file systems allow 255 in all


def answer_name(row: int, file: str | None) -> str:
    """The name, without an ending, of what is answered to a picture: its row, and its own name if it is a file."""
    if file is None:
        return str(row)
    return f"{row}_{os.fsencode(PurePath(file).stem)[:MOST_BYTES].decode(errors='ignore')}"


@dataclass(frozen=True)
class OfPictures(ABC):
    """A task whose target is a part of a picture; see `Task`. Scores are those of condensed rows alone."""

    name: TaskName
    of_pictures: bool = True

    @abstractmethod
    def scorer(self, classes: int, metric: str, threshold: float | Array = 0.5) -> Scorer:
        """As `Task`; each task has its own."""

    @abstractmethod
    def by_class(self, rows: Array, classes: Sequence[str]) -> Mapping[str, Mapping[str, float]]:
        """As `Task`; each task has its own."""

    def of_rows(self, rows: Array, classes: Sequence[str], metric: str) -> Mapping[str, Array | Sequence[float]]:
        """The metric of each picture alone: a mask or boxes are no truth for a table."""
        score_of, numbers = self.scorer(len(classes), metric), np.arange(len(rows))
        return {metric: [score_of(numbers[[place]], rows[[place]]) for place in numbers]}

    def under_weights(
        self, classes: int, metric: str, truth: Array, models: Sequence[Array], thresholds: Sequence[Array | float]
    ) -> Weighted:
        """The metric of pictures that are repeated as often as their weights say."""
        score_of, unseen = self.scorer(classes, metric), truth[:0]

        def weighted(weights: Array) -> Array:
            drawn = [np.repeat(np.arange(len(times)), times.astype(np.int64)) for times in weights]
            return np.array([[score_of(unseen, model[at]) for model in models] for at in drawn])

        return weighted

    def encoder(self, head: Head, model: ModelSpec) -> Encode | None:
        """None: the loss compares the target itself."""
        return None

    def moved(self, augment: AugmentSpec, image: tuple[int, int, int], seed: int) -> Callable[..., Any] | None:
        """None: nothing moves."""
        return None

"""Regression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from foldwise.models.heads import Head
from foldwise.spec.goal import Task as TaskName
from foldwise.tasks.one_answer import OneAnswer
from foldwise.tasks.task import Array

if TYPE_CHECKING:
    import keras


class Numbers(OneAnswer):
    """See `Task`."""

    def curve(self, head: Head) -> keras.metrics.Metric:
        """`mae`."""
        import keras

        return keras.metrics.MeanAbsoluteError(name="mae")

    def columns(self, classes: Sequence[str]) -> Mapping[str, str]:
        """The number."""
        return {"prediction": "double"}

    def answers(self, predictions: Array, classes: Sequence[str], threshold: float = 0.5) -> dict[str, Any]:
        """The number."""
        return {"prediction": predictions}

    def in_words(self, target: Array, classes: Sequence[str]) -> Mapping[str, float]:
        """Range and mean."""
        return {"min": float(target.min()), "mean": float(target.mean()), "max": float(target.max())}


def make(name: TaskName) -> Numbers:
    """The task."""
    return Numbers(name)

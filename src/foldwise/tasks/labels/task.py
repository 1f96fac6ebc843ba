"""Binary and multiclass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from foldwise.models.heads import Head, label_codes
from foldwise.spec.goal import Task as TaskName
from foldwise.tasks.one_answer import OneAnswer
from foldwise.tasks.task import Array

if TYPE_CHECKING:
    import keras


class Labels(OneAnswer):
    """See `Task`."""

    def curve(self, head: Head) -> keras.metrics.Metric:
        """`accuracy`."""
        import keras

        if self.name == "multiclass":
            return keras.metrics.CategoricalAccuracy(name="accuracy")
        return keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.0 if head.is_margin else 0.5)

    def columns(self, classes: Sequence[str]) -> Mapping[str, str]:
        """The label, and a probability for each."""
        return {"prediction": "string", **{f"p_{label}": "double" for label in classes}}

    def answers(self, predictions: Array, classes: Sequence[str], threshold: float = 0.5) -> dict[str, Any]:
        """The label, and a probability for each."""
        labels = np.array(classes, dtype=object)[label_codes(predictions, threshold)]
        return {"prediction": labels, **{f"p_{label}": predictions[:, place] for place, label in enumerate(classes)}}

    def in_words(self, target: Array, classes: Sequence[str]) -> Mapping[str, float]:
        """The rows of each label."""
        counts = np.bincount(target, minlength=len(classes))
        return {label: int(count) for label, count in zip(classes, counts, strict=True)}


def make(name: TaskName) -> Labels:
    """The task."""
    return Labels(name)

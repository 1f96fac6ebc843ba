"""The output layer: how many units, and what its raw numbers mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.data.preparation.target_scale import UNSCALED, TargetScale
from foldwise.models.head_rules import activation_and_loss
from foldwise.spec.fit import FitSpec
from foldwise.spec.goal import Task
from foldwise.spec.model import ModelSpec

Floats = npt.NDArray[np.float64]
THRESHOLD = 0.5


@dataclass(frozen=True)
class Head:
    """The output layer of a network, and the loss that it is trained with (a name of specs.LOSSES)."""

    units: int
    activation: str
    loss: str
    task: Task

    @property
    def is_margin(self) -> bool:
        """Whether its one number is a signed distance, -1 for the first label and 1 for the second."""
        return self.loss in ("hinge", "squared_hinge") and self.activation != "sigmoid"


def head_for(task: Task, classes: int, model: ModelSpec, fit: FitSpec) -> Head:
    """The head that a task asks for: sigmoid, softmax or linear, unless the specifications say otherwise.

    Args:
        task: what is predicted.
        classes: how many labels there are; not looked at for other tasks than multiclass.
        model: its output_activation may override.
        fit: its loss may override.

    Raises:
        ConfigError: loss and output activation do not suit the task.
    """
    activation, loss = activation_and_loss(task, model, fit)
    return Head(classes if task == "multiclass" else 1, activation, loss, task)


def to_predictions(head: Head, outputs: npt.ArrayLike, target: TargetScale = UNSCALED) -> Floats:
    """What raw outputs (rows, units) say.

    Returns:
        Class probabilities (rows, classes), each row with sum 1, or target values (rows,) in their own unit, which is
        `target.back(output)`.
    """
    raw = np.asarray(outputs, dtype=np.float64)
    if head.task == "regression":
        return target.back(raw[:, 0])
    if head.task == "binary":
        positive = (np.clip(raw[:, 0], -1.0, 1.0) + 1.0) / 2.0 if head.is_margin else np.clip(raw[:, 0], 0.0, 1.0)
        return np.column_stack([1.0 - positive, positive])
    if head.activation == "linear":
        raw = np.exp(raw - raw.max(axis=1, keepdims=True))
    elif head.activation == "tanh":
        raw = (raw + 1.0) / 2.0
    # where every unit says no, no label is more likely than another
    total = raw.sum(axis=1, keepdims=True)
    return np.where(total > 0.0, raw / np.where(total > 0.0, total, 1.0), 1.0 / head.units)


def label_codes(probabilities: npt.NDArray[Any], threshold: float | npt.NDArray[Any] = THRESHOLD) -> npt.NDArray[np.int64]:
    """The labels (rows,) that class probabilities (rows, classes) stand for.

    Of two, the second one where its probability is above the threshold, which is a number or (rows,); of more, the most
    probable.
    """
    labels = probabilities[:, 1] > threshold if probabilities.shape[1] == 2 else probabilities.argmax(axis=1)
    return np.asarray(labels, dtype=np.int64)

"""The output layer: its units, and the meaning of its raw numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.data.preparation.target_scale import UNSCALED, TargetScale
from foldwise.models.head_rules import activation_and_loss
from foldwise.spec.centre import CentreSpec
from foldwise.spec.fit import FitSpec
from foldwise.spec.goal import NUMBERS, Task
from foldwise.spec.model import ModelSpec

Floats = npt.NDArray[np.float64]
THRESHOLD = 0.5
BOX = 4  # numbers of a box beside its classes: height and width, and the place of its centre within a cell
# outputs of a task with this number of classes, for a row or for a place in a picture
UNITS: Mapping[Task, Callable[[int], int]] = {
    "binary": lambda classes: 1,
    "multiclass": lambda classes: classes,
    "regression": lambda classes: 1,
    "segmentation": lambda classes: classes,
    "detection": lambda classes: classes + BOX,
    "multioutput": lambda classes: classes,
}


@dataclass(frozen=True)
class Head:
    """The output layer of a network, and its loss (a name of spec.fit.LOSSES).

    height, width: of the pictures whose boxes are found. stride: pixels for each place that answers. overlap: of two boxes of a
    label with a larger intersection over union, the worse one is left out. All are 0 for other tasks.
    weights: of several numbers, how much each counts in the loss; () counts all alike.
    """

    units: int
    activation: str
    loss: str
    task: Task
    height: int = 0
    width: int = 0
    stride: int = 0
    overlap: float = 0.0
    weights: tuple[float, ...] = ()

    @property
    def is_margin(self) -> bool:
        """Whether its output is a signed distance: -1 for the first label, 1 for the second."""
        return self.loss in ("hinge", "squared_hinge") and self.activation != "sigmoid"

    def averages(self, target: TargetScale = UNSCALED) -> bool:
        """Whether the prediction from a mean of outputs is the mean of the predictions, as nothing bends or cuts them off."""
        if self.task in NUMBERS:
            return not target.log and target.low is None and target.high is None
        return self.activation == {"binary": "sigmoid", "multiclass": "softmax"}.get(self.task)


def head_for(task: Task, classes: int, model: ModelSpec, fit: FitSpec, weights: tuple[float, ...] = ()) -> Head:
    """The usual head of a task (sigmoid, softmax or linear), or the one that the specifications set.

    Args:
        task: what is predicted.
        classes: number of labels, of the classes of pixels or boxes, or of several numbers.
        model: its output_activation can override the usual one.
        fit: its loss can override the usual one.
        weights: of several numbers, in the loss.

    Raises:
        ConfigError: loss and output activation do not suit the task.
    """
    activation, loss = activation_and_loss(task, model, fit)
    head = Head(UNITS[task](classes), activation, loss, task, weights=weights)
    if not isinstance(model, CentreSpec) or model.image is None:
        return head
    return replace(head, height=model.image[0], width=model.image[1], stride=model.stride, overlap=model.overlap)


def to_predictions(head: Head, outputs: npt.ArrayLike, target: TargetScale = UNSCALED) -> Floats:
    """Convert raw outputs (rows, units) to predictions.

    Returns:
        Class probabilities (rows, classes), each row with sum 1, or target values (rows,) in their own unit, which is
        `target.back(output)`; of several numbers (rows, numbers).
    """
    raw = np.asarray(outputs, dtype=np.float64)
    if head.task == "regression":
        return target.back(raw[:, 0])
    if head.task == "multioutput":
        return target.back(raw)
    if head.task == "binary":
        positive = (np.clip(raw[:, 0], -1.0, 1.0) + 1.0) / 2.0 if head.is_margin else np.clip(raw[:, 0], 0.0, 1.0)
        return np.column_stack([1.0 - positive, positive])
    if head.activation == "linear":
        raw = np.exp(raw - raw.max(axis=1, keepdims=True))
    elif head.activation == "tanh":
        raw = (raw + 1.0) / 2.0
    # if every unit gives 0, all labels are equally likely
    total = raw.sum(axis=1, keepdims=True)
    return np.where(total > 0.0, raw / np.where(total > 0.0, total, 1.0), 1.0 / head.units)


def label_codes(probabilities: npt.NDArray[Any], threshold: float | npt.NDArray[Any] = THRESHOLD) -> npt.NDArray[np.int64]:
    """The labels (rows,) of class probabilities (rows, classes).

    Of two labels, the second if its probability is above the threshold (a number or (rows,)); of more, the most probable.
    """
    labels = probabilities[:, 1] > threshold if probabilities.shape[1] == 2 else probabilities.argmax(axis=1)
    return np.asarray(labels, dtype=np.int64)

"""The loss of a head and the metric that has a curve beside it, as the task of the head has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from foldwise.models.heads import Head
from foldwise.tasks.table import task_of

if TYPE_CHECKING:
    import keras


def loss_for(head: Head, per_row: bool = False, dtype: str | None = None, smoothing: float = 0.0) -> keras.losses.Loss:
    """The loss of a head: the mean over the rows of a batch, or one value for each row.

    dtype: None is Keras's own. smoothing: see fit.label_smoothing.
    """
    return task_of(head.task).loss(head, per_row, dtype, smoothing)


def curve_metric(head: Head) -> keras.metrics.Metric:
    """Such as `accuracy` for labels, `mae` for numbers, `mean_iou` for masks."""
    return task_of(head.task).curve(head)

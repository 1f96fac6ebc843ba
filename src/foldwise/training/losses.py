"""Keras's losses by our names, and the metric that has a curve beside the loss."""

from __future__ import annotations

import keras

from foldwise.models.heads import Head

LOSSES: dict[str, str] = {
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


def loss_for(head: Head, per_row: bool = False, dtype: str | None = None, smoothing: float = 0.0) -> keras.losses.Loss:
    """The loss of a head: the mean over the rows of a batch, or one value for each row.

    dtype: None is Keras's own. smoothing: see fit.label_smoothing.
    """
    options: dict[str, float] = {"label_smoothing": smoothing} if smoothing > 0 else {}
    reduction = "none" if per_row else "sum_over_batch_size"
    return getattr(keras.losses, LOSSES[head.loss])(reduction=reduction, dtype=dtype, **options)


def curve_metric(head: Head) -> keras.metrics.Metric:
    """`accuracy` for classes, `mae` for regression."""
    if head.task == "regression":
        return keras.metrics.MeanAbsoluteError(name="mae")
    if head.task == "multiclass":
        return keras.metrics.CategoricalAccuracy(name="accuracy")
    return keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.0 if head.is_margin else 0.5)

"""Networks that are trained on more outputs than the one that answers later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras


class Assisted(keras.Model):  # type: ignore[misc]  # Keras ships no types
    """A network whose first output is trained with weight 1 and each further one with a weight of its own.

    It takes the steps of Keras's `compile(loss=[...], loss_weights=[1, ...])`. Its `loss` and its metrics are those of the
    first output, with the penalties of weights, because only that output predicts later.
    """

    def __init__(self, network: keras.Model, loss: keras.losses.Loss, weights: Sequence[float]) -> None:
        super().__init__(network.input, network.outputs)
        self.loss_beside = loss
        self.weights_beside = tuple(weights)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """The value of the first output's loss, with the gradient of the weighted sum of all."""
        main, *others = y_pred
        beside = sum(
            weight * self.loss_beside(y, other, sample_weight)
            for weight, other in zip(self.weights_beside, others, strict=True)
        )
        # the added term is 0 in value, or not finite, which must not be hidden
        return super().compute_loss(x, y, main, sample_weight, training) + (beside - keras.ops.stop_gradient(beside))

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Those of the first output."""
        return super().compute_metrics(x, y, y_pred[0], sample_weight)


class Members(keras.Model):  # type: ignore[misc]  # Keras ships no types
    """A network whose first output is the mean of its members, and whose second, (rows, members, units), is trained.

    Its loss is the mean of the members' losses; its metrics are those of the mean.
    """

    def __init__(self, network: keras.Model) -> None:
        super().__init__(network.input, network.outputs)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """The mean of the members' losses, with the penalties of weights."""
        members = y_pred[1]
        each = keras.ops.broadcast_to(keras.ops.expand_dims(y, 1), keras.ops.shape(members))
        if sample_weight is not None:
            sample_weight = keras.ops.broadcast_to(keras.ops.expand_dims(sample_weight, 1), keras.ops.shape(members)[:2])
        return super().compute_loss(x, keras.ops.cast(each, members.dtype), members, sample_weight, training)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Those of the mean."""
        return super().compute_metrics(x, y, y_pred[0], sample_weight)

"""Losses of class maps: Keras's own, without the ignored pixels, and sums of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from foldwise.data.masks import IGNORED

if TYPE_CHECKING:
    import keras

Tensor = Any  # Keras ships no types
Loss = Callable[[Tensor, Tensor], Tensor]

MISSED, INVENTED = 0.7, 0.3  # of Tversky: a missed pixel of a class costs more than an invented one


def loss_named(name: str) -> Loss:
    """The loss of this name: `cross_entropy`, `dice`, `focal` or `tversky`, or several joined by +, which are added up.

    It takes masks (pictures, height, width) of codes, where IGNORED counts nowhere, and probabilities (pictures, height, width,
    classes), and gives a number: the mean over known pixels, or over the classes that are in the batch.
    """
    parts = [LOSSES[part] for part in name.split("+")]

    def loss(masks: Tensor, probabilities: Tensor) -> Tensor:
        return sum(part(masks, probabilities) for part in parts)

    return loss


def _known(masks: Tensor, probabilities: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The truth of each pixel and class, 1 or 0; the probabilities; both 0 for ignored pixels; and which pixels are known."""
    from keras import ops

    codes = ops.cast(masks, "int32")
    known = ops.cast(ops.not_equal(codes, IGNORED), probabilities.dtype)
    truth = ops.one_hot(codes, probabilities.shape[-1], dtype=probabilities.dtype)  # of IGNORED all zeros
    return truth, probabilities * known[..., None], known


def _mean_of_known(each: Tensor, known: Tensor) -> Tensor:
    from keras import ops

    return ops.sum(each * known) / ops.maximum(ops.sum(known), 1.0)


def cross_entropy(masks: Tensor, probabilities: Tensor) -> Tensor:
    """Minus the logarithm of the true class's probability, the mean over known pixels."""
    import keras

    truth, _, known = _known(masks, probabilities)
    return _mean_of_known(keras.losses.categorical_crossentropy(truth, probabilities), known)


def focal(masks: Tensor, probabilities: Tensor) -> Tensor:
    """Cross-entropy where pixels that are right already weigh little: Keras's, with gamma 2.

    Source: Lin et al. 2017, Focal loss for dense object detection.
    """
    import keras

    truth, _, known = _known(masks, probabilities)
    return _mean_of_known(keras.losses.categorical_focal_crossentropy(truth, probabilities), known)


def dice(masks: Tensor, probabilities: Tensor) -> Tensor:
    """1 - 2 |A and B| / (|A| + |B|) of each class over the batch, the mean over the classes that it has.

    Source: Milletari et al. 2016, V-Net.
    """
    import keras

    truth, predicted, _ = _known(masks, probabilities)
    return _mean_of_present(keras.losses.dice(truth, predicted, axis=(0, 1, 2)), truth)


def tversky(masks: Tensor, probabilities: Tensor) -> Tensor:
    """As dice, but a missed pixel costs 0.7 and an invented one 0.3. Source: Salehi et al. 2017."""
    import keras

    truth, predicted, _ = _known(masks, probabilities)
    # what Keras 3.15 weighs by alpha are pixels of the truth that are not predicted, whatever its page says
    each = keras.losses.tversky(truth, predicted, alpha=MISSED, beta=INVENTED, axis=(0, 1, 2))
    return _mean_of_present(each, truth)


def _mean_of_present(each: Tensor, truth: Tensor) -> Tensor:
    """A class that the batch lacks has a loss of 1 that nothing can lower, so it is left out."""
    from keras import ops

    present = ops.cast(ops.any(truth > 0, axis=(0, 1, 2)), each.dtype)
    return ops.sum(each * present) / ops.maximum(ops.sum(present), 1.0)


LOSSES: dict[str, Loss] = {"cross_entropy": cross_entropy, "dice": dice, "focal": focal, "tversky": tversky}


def of_batch(name: str) -> keras.losses.Loss:
    """The same as an object that Keras compiles."""
    import keras

    loss = loss_named(name)

    class OfBatch(keras.losses.Loss):  # type: ignore[misc]  # Keras ships no types
        def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
            return loss(y_true, y_pred)

    return OfBatch(name=name.replace("+", "_and_"))

"""How a network answers a block of rows, on each backend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

Answers = Callable[[npt.NDArray[np.float32]], npt.NDArray[Any]]  # (rows, features) -> (rows, outputs)


def answers_of(network: keras.Model) -> Answers:
    """The function that computes the outputs of a network whose weights do not change; several threads can call it."""
    if keras.backend.backend() == "jax":
        return _on_jax(network)
    answers: Answers = network.predict_on_batch
    return answers


def _on_jax(network: keras.Model) -> Answers:
    """Keras's own `predict_on_batch` gives the weights away to each call and takes them back after it, so only one may run."""
    import jax

    weights = [[variable.value for variable in own] for own in (network.trainable_variables, network.non_trainable_variables)]
    call = jax.jit(lambda trained, others, rows: network.stateless_call(trained, others, rows, training=False)[0])
    return lambda rows: np.asarray(call(*weights, rows))

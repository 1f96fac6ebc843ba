"""Keras's policy of types, for the networks that are built within a context."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras

from foldwise.spec.study import Precision


@contextmanager
def computing_in(precision: Precision) -> Iterator[None]:
    """Networks that are built here compute in this precision; float32 leaves Keras's own policy.

    Networks that answer are built outside, so they compute in full precision with the weights that were trained.
    """
    if precision == "float32":
        yield
        return
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)

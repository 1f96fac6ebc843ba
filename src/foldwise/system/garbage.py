"""Python's garbage collector while modules are imported."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Import large libraries in this context, without a search for garbage.

    What a module makes stays for good, so a search finds nothing; by Python's usual rule a fifth of the start of TensorFlow and
    Keras is spent on it. A collector that was off stays off.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()

"""What is asked of the backend that runs in this process."""

from __future__ import annotations

from importlib import import_module

import keras

from foldwise.system.keras_backend import Backend


def is_out_of_memory(fault: Exception, backend: Backend) -> bool:
    """Whether a fault of the backend says that there is too little memory."""
    return bool(import_module(f"foldwise.training.backends.{backend}").is_out_of_memory(fault))


def forget(backend: Backend) -> None:
    """Give back the memory of networks that nothing refers to any more, and of what was compiled for them."""
    keras.backend.clear_session()
    import_module(f"foldwise.training.backends.{backend}").forget_compiled()

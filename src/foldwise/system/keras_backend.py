"""Which library Keras computes with. Keras reads KERAS_BACKEND once, when it is imported, so a process has one backend."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Literal, get_args

from foldwise.errors import ConfigError

Backend = Literal["tensorflow", "jax", "torch"]
BACKENDS: tuple[Backend, ...] = get_args(Backend)
USUAL: Backend = "tensorflow"
KEY = "training.backend"
AUTO = "auto"
VARIABLE = "KERAS_BACKEND"
# How the libraries write their own names.
TITLES: Mapping[str, str] = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}


def of_environment() -> Backend | None:
    """The backend that KERAS_BACKEND names; None if it is not set.

    Raises:
        ConfigError: it names something that foldwise does not train on.
    """
    return None if not os.environ.get(VARIABLE) else _known(os.environ[VARIABLE])


def settled(asked: object) -> object:
    """`training.backend` as a study keeps it: for `auto` the backend of this process, of KERAS_BACKEND, or TensorFlow.

    Any other value stays as it is; its own rule is in `spec.study`.

    Raises:
        ConfigError: a backend is asked for, and KERAS_BACKEND names another.
    """
    if asked == AUTO:
        return running() or of_environment() or USUAL
    named = os.environ.get(VARIABLE)
    if named and asked in BACKENDS and named != asked and running() is None:
        rule = f"is {asked}, but {VARIABLE} is {named[:40]!r} in the environment"
        raise ConfigError(KEY, f"{rule}; unset it, or ask for the same")
    return asked


def running() -> Backend | None:
    """The backend of the Keras that this process has imported; None if it has imported none, or one that does not train."""
    keras = sys.modules.get("keras")
    name = None if keras is None or not hasattr(keras, "backend") else keras.backend.backend()
    return next((known for known in BACKENDS if known == name), None)


def is_installed(backend: str) -> bool:
    """Whether the library can be imported."""
    return backend in sys.modules or find_spec(backend) is not None


def check_installed(backend: str) -> None:
    """Refuse a backend whose library is not installed, before anything is written.

    Raises:
        ConfigError: at training.backend.
    """
    if not is_installed(backend):
        extra = "" if backend == USUAL else f"[{backend}]"
        raise ConfigError(KEY, f"{backend} is not installed; pip install 'foldwise{extra}'")


def for_answers(made_on: str) -> Backend:
    """The backend on which a model answers: that of this process or of KERAS_BACKEND, else the one it was trained on.

    A model answers on each backend, so where its own is not installed TensorFlow takes its place.
    """
    own = next((known for known in BACKENDS if known == made_on and is_installed(known)), USUAL)
    return running() or of_environment() or own


def _known(name: str) -> Backend:
    found = next((known for known in BACKENDS if known == name), None)
    if found is None:
        rule = f"{VARIABLE} is {name[:40]!r} in the environment, and networks train on {', '.join(BACKENDS)}"
        raise ConfigError(KEY, f"{rule}; unset it, or name one of these")
    return found

"""Tuned, cross-validated, tracked and registered Keras models from one configuration."""

from typing import Any

__all__ = ["load", "retrain", "train", "tune"]


def __getattr__(name: str) -> Any:
    """`tune`, `train`, `retrain` and `load`, imported when they are first asked for."""
    if name in __all__:
        from foldwise import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""Tuned, cross-validated, tracked and registered Keras models from one configuration."""

from typing import Any

__all__ = ["__version__", "list_all", "load", "promote", "remove", "retrain", "train", "tune"]


def __getattr__(name: str) -> Any:
    """The functions of `foldwise.api` and `__version__`, imported when they are first used."""
    if name == "__version__":
        from importlib.metadata import version

        return version("foldwise")
    if name in __all__:
        from foldwise import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

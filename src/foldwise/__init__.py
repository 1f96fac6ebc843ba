"""Tuned, cross-validated, tracked and registered Keras models from one configuration."""

from typing import Any

# Name -> the module that has it; each is imported when the name is first used.
_HOMES = {
    **dict.fromkeys(("list_all", "load", "open_study", "promote", "remove", "retrain", "train", "tune"), "foldwise.api"),
    **dict.fromkeys(("FoldwiseClassifier", "FoldwiseRegressor"), "foldwise.python.estimators"),
}
__all__ = [
    "FoldwiseClassifier",
    "FoldwiseRegressor",
    "__version__",
    "list_all",
    "load",
    "open_study",
    "promote",
    "remove",
    "retrain",
    "train",
    "tune",
]


def __getattr__(name: str) -> Any:
    """The functions, the estimators and `__version__`, imported when they are first used."""
    if name == "__version__":
        from importlib.metadata import version

        return version("foldwise")
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""The packages that a model in MLflow names, without MLflow's search of everything that is installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version

from mlflow.utils import requirements_utils

# MLflow compares a model's pins with what is installed, and lists every file of every package for it: 1.5 s. Our pins are
# what is installed.
MAP = "_MODULES_TO_PACKAGES"


def pins(names: tuple[str, ...]) -> list[str]:
    """`name==version` of those that are installed."""
    found = []
    for name in names:
        try:
            found.append(f"{name}=={version(name)}")
        except PackageNotFoundError:  # such as tensorflow where tensorflow-cpu is installed
            continue
    return found


@contextmanager
def packages_unlisted() -> Iterator[None]:
    """MLflow takes its list of modules and their packages as made, and empty; afterwards it is as before."""
    before = getattr(requirements_utils, MAP)
    setattr(requirements_utils, MAP, {} if before is None else before)
    try:
        yield
    finally:
        setattr(requirements_utils, MAP, before)

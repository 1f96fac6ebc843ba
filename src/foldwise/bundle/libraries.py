"""Versions of the libraries that compute a bundle's answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version

from foldwise.system.keras_backend import BACKENDS

LIBRARIES = ("foldwise", "keras", "{backend}", "numpy", "pandas", "scikit-learn")
COMPARED = ("foldwise", "keras", *BACKENDS)


def as_words(versions: Mapping[str, str]) -> str:
    """The versions as a list in a sentence."""
    return ", ".join(f"{name} {number}" for name, number in versions.items())


def versions_here(backend: str) -> dict[str, str]:
    """The installed versions of what computes on a backend."""
    return _installed(name.format(backend=backend) for name in LIBRARIES)


def _installed(names: Iterable[str]) -> dict[str, str]:
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # such as tensorflow where tensorflow-cpu is installed
            continue
    return found


def other_libraries(made_with: Mapping[str, str]) -> str:
    """A sentence if a library has another minor version than when the bundle was made, else an empty string."""
    now = _installed(name for name in COMPARED if name in made_with)
    other = [
        f"{name} {made_with[name]} (here {now[name]})"
        for name in COMPARED
        if name in now and _minor(made_with[name]) != _minor(now[name])
    ]
    return f"was made with {', '.join(other)}; its answers to its sample rows are checked before use" if other else ""


def _minor(version: str) -> list[str]:
    return version.split(".")[:2]

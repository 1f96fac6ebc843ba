"""Versions of the libraries that compute a bundle's answers."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

LIBRARIES = ("foldwise", "keras", "tensorflow", "numpy", "pandas", "scikit-learn")
COMPARED = ("foldwise", "keras", "tensorflow")


def as_words(versions: Mapping[str, str]) -> str:
    """The versions as a list in a sentence."""
    return ", ".join(f"{name} {number}" for name, number in versions.items())


def versions_here() -> dict[str, str]:
    """The installed versions."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # such as tensorflow where tensorflow-cpu is installed
            continue
    return found


def other_libraries(made_with: Mapping[str, str]) -> str:
    """A sentence if a library has another minor version than when the bundle was made, else an empty string."""
    now = versions_here()
    other = [
        f"{name} {made_with[name]} (here {now[name]})"
        for name in COMPARED
        if name in made_with and name in now and _minor(made_with[name]) != _minor(now[name])
    ]
    return f"was made with {', '.join(other)}; its answers to its sample rows are checked before use" if other else ""


def _minor(version: str) -> list[str]:
    return version.split(".")[:2]

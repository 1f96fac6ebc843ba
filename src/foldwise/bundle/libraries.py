"""The libraries that a bundle's answers come from, by their versions."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

LIBRARIES = ("foldwise", "keras", "tensorflow", "numpy", "pandas", "scikit-learn")
COMPARED = ("foldwise", "keras", "tensorflow")


def as_words(versions: Mapping[str, str]) -> str:
    """As a sentence lists them."""
    return ", ".join(f"{name} {number}" for name, number in versions.items())


def versions_here() -> dict[str, str]:
    """Those that are installed."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # such as tensorflow where tensorflow-cpu stands for it
            continue
    return found


def other_libraries(made_with: Mapping[str, str]) -> str:
    """A sentence where what computes is of another minor version than when the bundle was made; else nothing."""
    now = versions_here()
    other = [
        f"{name} {made_with[name]} (here {now[name]})"
        for name in COMPARED
        if name in made_with and name in now and _minor(made_with[name]) != _minor(now[name])
    ]
    return f"was made with {', '.join(other)}; its answers to its sample rows are compared before it is used" if other else ""


def _minor(version: str) -> list[str]:
    return version.split(".")[:2]

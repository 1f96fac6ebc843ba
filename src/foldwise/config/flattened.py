"""A recipe as one value for each dotted key: those that no trial changes, and the ranges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from foldwise.config.difference import leaves
from foldwise.config.read import parted
from foldwise.config.template import fill
from foldwise.spec.space import Params


def fixed_values(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted key -> value, of all values of a recipe that no trial changes. A list with ranges inside is as it was written."""
    searched = ranges_in(recipe)
    found = {}
    for key, value in values_at(recipe).items():
        if any(name.startswith(f"{key}.") for name in searched):
            found[key] = _at(recipe, key)
        elif not any(key == name or key.startswith(f"{name}.") for name in searched):
            found[key] = value
    return found


def ranges_in(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted key -> range, as it was written; ranges inside the options of a choice are part of that choice."""
    _, space = parted(recipe)
    return {name: _at(recipe, name) for name in space.ranges}


def values_at(recipe: Mapping[str, Any], params: Params | None = None) -> dict[str, Any]:
    """Dotted key -> value, of the configuration of a trial; without parameters with every range at its default."""
    template, space = parted(recipe)
    rest = {key: value for key, value in recipe.items() if key not in template}
    return dict(leaves({**rest, **fill(template, space, space.defaults() if params is None else params)}))


def _at(recipe: Mapping[str, Any], key: str) -> Any:
    node: Any = recipe
    for word in key.split("."):
        node = node[int(word)] if isinstance(node, list) else node[word]
    return node

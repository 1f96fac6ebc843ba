"""The differences between two recipes, in the notation of a configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_ABSENT = object()


def difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """One line for each dotted key that differs, as `model.units: 32 -> 64`, in the order of the old recipe."""
    return [f"{key}: {before} -> {after}" for key, before, after in differing(old, new)]


def differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Each dotted key that differs, with both values as text, in the order of the old recipe."""
    was, is_ = dict(leaves(old)), dict(leaves(new))
    keys = dict.fromkeys([*was, *is_])
    both = [(key, shown_value(was.get(key, _ABSENT)), shown_value(is_.get(key, _ABSENT))) for key in keys]
    return [line for line in both if line[1] != line[2]]


def leaves(value: Any, key: str = "") -> list[tuple[str, Any]]:
    """The dotted key and the value of every leaf of a tree; lists and empty mappings are leaves."""
    if isinstance(value, Mapping) and (value or not key):
        return [leaf for name, item in value.items() for leaf in leaves(item, f"{key}.{name}" if key else str(name))]
    return [(key, value)]


def shown_value(value: Any) -> str:
    """The value in one line of YAML. Text that YAML would read as another type is quoted."""
    if value is _ABSENT:
        return "(not given)"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(int(value)) if isinstance(value, float) and value.is_integer() else repr(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(shown_value(item) for item in value) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {shown_value(item)}" for name, item in value.items()) + "}"
    text = str(value)
    return repr(text) if _needs_quotes(text) else text


def _needs_quotes(text: str) -> bool:
    if text.strip() != text or text.lower() in ("", "null", "~", "true", "false", "yes", "no", "on", "off"):
        return True
    try:
        float(text)
    except ValueError:
        return False
    return True

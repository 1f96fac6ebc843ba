"""What a field of a specification takes, in words: its type, its range, its choices."""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from foldwise.spec.settled import OrAuto

WORDS: Mapping[Any, str] = {bool: "true or false", int: "whole number", float: "number", str: "text", Any: "any value"}
BOUNDS = (("ge", "≥ {}"), ("gt", "> {}"), ("le", "≤ {}"), ("lt", "< {}"))


def values_of(field: FieldInfo) -> str:
    """A field's values, as `whole number ≥ 1 · null`."""
    settled = " · `auto`" if any(isinstance(limit, OrAuto) for limit in field.metadata) else ""
    return described(field.annotation, tuple(field.metadata)) + settled


def described(annotation: Any, limits: tuple[Any, ...] = ()) -> str:
    """The values of a type, within limits that are written beside it."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Annotated, ClassVar):
        return described(inner[0], (*inner[1:], *limits))
    if annotation is None or annotation is type(None):
        return "null"
    if origin is Literal:
        return " · ".join(f"`{_plain(word)}`" for word in inner)
    if origin in (Union, types.UnionType):
        return " · ".join(dict.fromkeys(described(one, limits) for one in inner))
    if origin is tuple:
        kinds = [kind for kind in inner if kind is not Ellipsis]
        count = "" if Ellipsis in inner else f"{len(kinds)} × "
        return f"list of {count}{described(kinds[0])}" if kinds else "list"
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return f"{described(inner[0])}: {described(inner[1])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "keys of its own"
    if annotation not in WORDS:
        return "from Python only"
    return " ".join([WORDS[annotation], *_bounds(limits)]).strip()


def models_of(annotation: Any) -> list[type[BaseModel]]:
    """The specifications that a type allows."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (Union, types.UnionType, Annotated, tuple):
        return list(dict.fromkeys(model for one in get_args(annotation) for model in models_of(one)))
    return []


def _bounds(limits: tuple[Any, ...]) -> list[str]:
    found: dict[str, Any] = {}
    for limit in limits:
        holders = [limit, *(getattr(limit, "metadata", None) or ())]  # pydantic's Field keeps its own list
        for holder in holders:
            found |= {name: getattr(holder, name) for name, _ in BOUNDS if getattr(holder, name, None) is not None}
    if {"ge", "le"} <= set(found):
        return [f"{_number(found['ge'])} to {_number(found['le'])}"]
    return [", ".join(text.format(_number(found[name])) for name, text in BOUNDS if name in found)] if found else []


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) and value < 2**31 else "2,147,483,648" if value == 2**31 else f"{value:g}"


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)

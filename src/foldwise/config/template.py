"""Ranges in place of values: splitting a configuration into a template with holes and a space, and filling the holes.

In a configuration, a range is a list that starts with its kind:

    [int, 1, 3]    [float, 1e-4, 1e-1, {log: true, default: 1e-2}]    [choice, relu, tanh]

An option of a choice can be a mapping with ranges inside; these exist only if that option is chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from foldwise.errors import ConfigError
from foldwise.spec.space import Choice, FloatRange, IntRange, Option, Params, Range, Scalar, Space, Tree
from foldwise.system.known_words import did_you_mean


@dataclass(frozen=True)
class Hole:
    """The place in a template for a value of the range `name`."""

    name: str


def split(tree: Tree, prefix: str = "") -> tuple[Tree, Space]:
    """Split a tree into a template with holes and the space of its ranges.

    Args:
        tree: a plain configuration value.
        prefix: the dotted name of the tree.

    Raises:
        ConfigError: a range is wrong, with its dotted name.
    """
    ranges: dict[str, Range] = {}

    def visit(value: Tree, name: str) -> Tree:
        if isinstance(value, Mapping):
            return {key: visit(item, f"{name}.{key}" if name else str(key)) for key, item in value.items()}
        if isinstance(value, list):
            if value and isinstance(value[0], str) and value[0] in _READERS:
                ranges[name] = read_range(value, name)
                return Hole(name)
            return [visit(item, f"{name}.{index}") for index, item in enumerate(value)]
        return value

    template = visit(tree, prefix)
    return template, Space(ranges)


def fill(template: Tree, space: Space, params: Params) -> Tree:
    """The template with every hole filled from `params`."""
    if isinstance(template, Hole):
        range_ = space.ranges[template.name]
        value = params[template.name]
        if isinstance(range_, Choice):
            option = range_.option(value)
            return fill(option.template, option.space, params)
        return value
    if isinstance(template, Mapping):
        return {key: fill(item, space, params) for key, item in template.items()}
    if isinstance(template, list):
        return [fill(item, space, params) for item in template]
    return template


def locate(template: Tree, space: Space, tree: Tree) -> Params | None:
    """The parameters with which `fill` returns the tree; None if there are none.

    Keys of the tree that the template does not have are not compared.
    """
    if isinstance(template, Hole):
        range_ = space.ranges[template.name]
        if not isinstance(range_, Choice):
            return {template.name: tree} if range_.holds(tree) else None
        for option in range_.options:
            inside = locate(option.template, option.space, tree)
            if inside is not None:
                return {template.name: option.name, **inside}
        return None
    if isinstance(tree, Mapping) and isinstance(template, str):
        return {} if tree.get("kind") == template else None  # a bare word is a mapping of that kind
    if isinstance(template, Mapping) and isinstance(tree, Mapping):
        pairs = [(item, tree.get(key)) for key, item in template.items()]
    elif isinstance(template, list) and isinstance(tree, list) and len(template) == len(tree):
        pairs = list(zip(template, tree, strict=True))
    else:
        return {} if template == tree and isinstance(template, bool) == isinstance(tree, bool) else None
    found: Params = {}
    for item, value in pairs:
        inside = locate(item, space, value)
        if inside is None:
            return None
        found |= inside
    return found


def read_range(words: list[Any], name: str) -> Range:
    """The range that a list such as `[int, 1, 3]` describes; `name` is its dotted name.

    Raises:
        ConfigError: with the name and the rule that is broken.
    """
    kind, *rest = words
    options: dict[str, Any] = {}
    if rest and isinstance(rest[-1], Mapping) and (kind != "choice" or set(rest[-1]) == {"default"}):
        options = dict(rest.pop())
    try:
        return _READERS[kind](rest, options, name)
    except ValueError as error:
        raise ConfigError(name, f"{error} (in {_shown(words)})") from None


def _read_number(kind: type[float] | type[int], words: list[Any], options: dict[str, Any]) -> dict[str, Any]:
    word = "int" if kind is int else "float"
    if len(words) != 2:
        raise ValueError(f"a range of kind {word} is written [{word}, low, high] or [{word}, low, high, {{log: true}}]")
    values = {"low": words[0], "high": words[1], **options}
    unknown = set(values) - {"low", "high", "log", "step", "default"}
    if unknown:
        first = sorted(unknown)[0]
        raise ValueError(f"{first!r} is not an option of a range{did_you_mean(first, ['log', 'step', 'default'])}")
    for option, value in values.items():
        allowed: tuple[type, ...] = (bool,) if option == "log" else (int,) if kind is int else (int, float)
        wrong = not isinstance(value, allowed) or (option != "log" and isinstance(value, bool))
        if wrong and not (value is None and option in ("step", "default")):
            wanted = "true or false" if option == "log" else "a whole number" if kind is int else "a number"
            raise ValueError(f"{option} must be {wanted}, got {value!r}")
    return {key: value for key, value in values.items() if value is not None}


def _read_int(words: list[Any], options: dict[str, Any], name: str) -> IntRange:
    return IntRange(**_read_number(int, words, options))


def _read_float(words: list[Any], options: dict[str, Any], name: str) -> FloatRange:
    values = _read_number(float, words, options)
    exact: dict[str, Any] = {key: value if key == "log" else float(value) for key, value in values.items()}
    return FloatRange(**exact)


def _read_choice(words: list[Any], options: dict[str, Any], name: str) -> Choice:
    read = tuple(_read_option(word, _option_name(word, index, words), name) for index, word in enumerate(words))
    if not read:
        raise ValueError("a choice needs at least one option")
    choice = Choice(read, options.get("default", read[0].name))
    if not any(choice.default == n and type(choice.default) is type(n) for n in choice.names()):
        raise ValueError(f"default {choice.default!r} is not one of the options")
    return choice


def _option_name(word: Any, index: int, words: list[Any]) -> Scalar:
    if not isinstance(word, (Mapping, list)):
        return word  # type: ignore[no-any-return]
    kinds = [w.get("kind") for w in words if isinstance(w, Mapping)]
    kind = word.get("kind") if isinstance(word, Mapping) else None
    return kind if isinstance(kind, str) and kinds.count(kind) == 1 else f"option{index}"


def _read_option(word: Any, option_name: Scalar, name: str) -> Option:
    if not isinstance(word, (Mapping, list)):
        return Option(option_name, word, Space())
    template, space = split(word, f"{name}.{option_name}")
    return Option(option_name, template, space)


_READERS: dict[str, Callable[[list[Any], dict[str, Any], str], Range]] = {
    "int": _read_int,
    "float": _read_float,
    "choice": _read_choice,
}


def _shown(words: Any) -> str:
    if isinstance(words, list):
        return "[" + ", ".join(_shown(word) for word in words) + "]"
    if isinstance(words, Mapping):
        return "{" + ", ".join(f"{key}: {_shown(value)}" for key, value in words.items()) + "}"
    return str(words).lower() if isinstance(words, bool) else str(words)

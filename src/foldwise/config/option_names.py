"""Options and parameters as people read them: an option of a choice is named by what tells it from the others.

A choice between mappings of one kind is stored as `option0`, `option1`, ... The ledger, identities and tuners keep these names;
whatever is shown goes through `Readable`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from foldwise.config.template import Hole
from foldwise.spec.space import Choice, FloatRange, IntRange, Option, Params, Range, Scalar, Space, Tree
from foldwise.system.numbers import counted, shown

MOST = 3  # differences in a name; more are left out if fewer tell the options apart
LONGEST = 60  # characters of a name
COUNT = "#"  # ends the path of a list's length
# The last part of a path -> the word for that number of things.
COUNTED = {"hidden": "layer", f"layers.{COUNT}": "layer", "units": "unit"}


@dataclass(frozen=True)
class Readable:
    """The parameters of a space as people read them. Names and values that it does not know stay as they are."""

    space: Space

    def name(self, name: str) -> str:
        """The dotted name of a parameter, with the readable name of each option in it: `model[3 layers].dropout`."""
        return self._names.get(name, name)

    def value(self, name: str, value: Scalar) -> Scalar:
        """The value of a parameter: the readable name of an option that is a mapping or a list."""
        return self._options.get(name, {}).get(value, value) if isinstance(value, str) else value

    def text(self, name: str, value: Scalar) -> str:
        """The value of a parameter as text, as in a configuration."""
        value = self.value(name, value)
        if value is None or isinstance(value, bool):
            return {None: "null", True: "true", False: "false"}[value]
        return shown(value) if isinstance(value, float) else str(value)

    def params(self, params: Mapping[str, Scalar], between: str = " ") -> str:
        """All parameters of a trial on one line; a value with a space or an = in it is quoted."""
        texts = ((self.name(name), self.text(name, value)) for name, value in params.items())
        return between.join(f'{name}="{text}"' if {" ", "="} & set(text) else f"{name}={text}" for name, text in texts)

    def column(self, name: str, params: Params) -> tuple[str, Scalar]:
        """Name and value of a parameter that a trial has, for an axis or a column; a number if options differ in one number."""
        number = self._numbers.get(name)
        if number is None or params[name] not in number[1]:
            return self.name(name), self.value(name, params[name])
        return f"{self.name(name)}.{number[0]}", number[1][str(params[name])]

    def stored(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The inverse: parameters by the names that the ledger keeps. Other words stay as they are."""
        names = {readable: name for name, readable in self._names.items()}
        found: dict[str, Any] = {}
        for name, value in params.items():
            kept = names.get(name, name)
            options = {readable: option for option, readable in self._options.get(kept, {}).items()}
            found[kept] = options.get(value, value) if isinstance(value, str) else value
        return found

    @property
    def readable_space(self) -> Space:
        """The same ranges by readable names, with the readable names of their options."""

        def renamed(space: Space) -> Space:
            return Space({self.name(name): range_of(name, range_) for name, range_ in space.ranges.items()})

        def range_of(name: str, range_: Range) -> Range:
            if not isinstance(range_, Choice):
                return range_
            options = (replace(o, name=self.value(name, o.name), space=renamed(o.space)) for o in range_.options)
            return Choice(tuple(options), self.value(name, range_.default))

        return renamed(self.space)

    @cached_property
    def _options(self) -> Mapping[str, Mapping[str, str]]:
        return {name: option_names(range_) for name, range_ in self.space.walk() if isinstance(range_, Choice)}

    @cached_property
    def _numbers(self) -> Mapping[str, tuple[str, Mapping[str, float]]]:
        """Choice -> the word for the number that tells its options apart, and the number of each option."""
        found = {name: number_of(range_) for name, range_ in self.space.walk() if isinstance(range_, Choice)}
        return {name: number for name, number in found.items() if number is not None}

    @cached_property
    def _names(self) -> Mapping[str, str]:
        found: dict[str, str] = {}

        def visit(space: Space, stored: str, readable: str) -> None:
            for name, range_ in space.ranges.items():
                found[name] = readable + name.removeprefix(stored) if name.startswith(stored) else name
                for option in range_.options if isinstance(range_, Choice) else ():
                    shown_as = self.value(name, option.name)
                    end = f".{option.name}" if shown_as == option.name else f"[{shown_as}]"
                    visit(option.space, f"{name}.{option.name}", f"{found[name]}{end}")

        visit(self.space, "", "")
        return found


def option_names(choice: Choice) -> dict[str, str]:
    """Stored name -> readable name, for each option that is a mapping or a list.

    Options of one kind are named by the keys in which they differ, after their kind if there are others: `sgd momentum=0.9`,
    `3 layers, 83 units`. An option that alone has its kind is named by it. No two options have the same name.
    """
    plain = [str(option.name) for option in choice.options if not _is_inner(option.template)]
    groups = _by_kind(choice)
    found: dict[str, str] = {}
    for kind, options in groups.items():
        if len(options) == 1:
            found[str(options[0].name)] = kind or _cut(_text(_whole(options[0])))
            continue
        parts, paths = _differing(options)
        described = [", ".join(_word(path, part[path], paths) for path in paths if path in part) for part in parts]
        before = kind if kind and (len(groups) > 1 or plain or not all(described)) else ""
        for option, words in zip(options, described, strict=True):
            found[str(option.name)] = _cut(" ".join(filter(None, (before, words))))
    count = Counter([*found.values(), *plain])
    return {name: text if text and count[text] == 1 else f"{text} ({name})".strip() for name, text in found.items()}


def number_of(choice: Choice) -> tuple[str, dict[str, float]] | None:
    """The number that tells the options of a choice apart: its word, and stored name -> number; None if there is none.

    All options are of one kind and differ in one number only, or in the number of their layers and whatever goes with it.
    """
    groups = _by_kind(choice)
    if len(groups) != 1 or len(choice.options) != sum(map(len, groups.values())):
        return None
    (options,) = groups.values()
    if len(options) < 2:
        return None
    parts = [_leaves(_whole(option)) for option in options]
    paths = _unequal(parts)
    layers = [path for path in paths if COUNTED.get(_end(path)) == "layer"]
    for path in layers[:1] or (paths if len(paths) == 1 else []):
        numbers = [part.get(path) for part in parts]
        known = [float(n) for n in numbers if isinstance(n, (int, float)) and not isinstance(n, bool)]
        if len(set(known)) == len(options):
            word = "layers" if path in layers else _end(path)
            return word, {str(option.name): number for option, number in zip(options, known, strict=True)}
    return None


def _is_inner(template: Tree) -> bool:
    return isinstance(template, (Mapping, list, Hole))


def _whole(option: Option) -> Tree:
    """The option's template with its ranges in the holes."""

    def put(tree: Tree) -> Tree:
        if isinstance(tree, Hole):
            return option.space.ranges[tree.name]
        if isinstance(tree, Mapping):
            return {key: put(item) for key, item in tree.items()}
        return [put(item) for item in tree] if isinstance(tree, list) else tree

    return put(option.template)


def _by_kind(choice: Choice) -> dict[str, list[Option]]:
    """Kind -> the options that are mappings of that kind; an empty kind for lists and for mappings without one."""
    groups: dict[str, list[Option]] = {}
    for option in choice.options:
        if _is_inner(option.template):
            kind = option.template.get("kind") if isinstance(option.template, Mapping) else None
            groups.setdefault(kind if isinstance(kind, str) else "", []).append(option)
    return groups


def _differing(options: Sequence[Option]) -> tuple[list[dict[str, Tree]], list[str]]:
    """The values of each option by path, and the paths that name the options: of fixed values, if these tell them apart."""
    parts = [_leaves(_whole(option)) for option in options]
    paths = _unequal(parts)
    fixed = [path for path in paths if not any(isinstance(part.get(path), Range) for part in parts)]
    paths = fixed if _apart(parts, fixed) else paths
    few = next((count for count in range(1, len(paths)) if _apart(parts, paths[:count])), len(paths))
    return parts, paths if len(paths) <= MOST else paths[:few]


def _apart(parts: Sequence[Mapping[str, Tree]], paths: Sequence[str]) -> bool:
    return len({_told(part, paths) for part in parts}) == len(parts)


def _unequal(parts: Sequence[Mapping[str, Tree]]) -> list[str]:
    """The paths at which the options are not all equal, in order of appearance."""
    paths = dict.fromkeys(path for part in parts for path in part)
    return [path for path in paths if len({_told(part, [path]) for part in parts}) > 1]


def _told(part: Mapping[str, Tree], paths: Sequence[str]) -> tuple[str | None, ...]:
    return tuple(_text(part[path]) if path in part else None for path in paths)


def _leaves(tree: Tree, path: str = "") -> dict[str, Tree]:
    """Path -> value or range. A list of mappings also has its length, first; a list of plain values is one value."""
    if isinstance(tree, Mapping):
        items = {str(key): item for key, item in tree.items() if path or key != "kind"}
    elif isinstance(tree, list) and any(isinstance(item, (Mapping, list)) for item in tree):
        items = {COUNT: len(tree), **{str(place): item for place, item in enumerate(tree)}}
    else:
        return {path: tree}
    found: dict[str, Tree] = {}
    for key, item in items.items():
        found.update(_leaves(item, f"{path}.{key}" if path else key))
    return found


def _end(path: str) -> str:
    """The last part of a path; a length keeps the name of its list."""
    return ".".join(path.split(".")[-2 if path.endswith(COUNT) else -1 :])


def _word(path: str, value: Tree, paths: Sequence[str]) -> str:
    end, text = _end(path), _text(value)
    if end in COUNTED and type(value) is int:
        return counted(value, COUNTED[end])
    if path.endswith(COUNT):
        return f"{text} of {end.removesuffix(f'.{COUNT}') or 'them'}"
    alone = sum(_end(other) == end for other in paths) == 1
    return f"{end if alone else path}={text}" if path else text


def _text(value: Tree) -> str:
    """A value or a range, as short as it is clear."""
    if isinstance(value, Choice):
        return "|".join(option_names(value).get(str(option.name), _text(option.name)) for option in value.options)
    if isinstance(value, (FloatRange, IntRange)):
        return f"{_text(value.low)}..{_text(value.high)}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_text, value)) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_text(item)}" for key, item in value.items()) + "}"
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return shown(value, digits=6) if isinstance(value, float) else str(value)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"

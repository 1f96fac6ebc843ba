"""Read a YAML file that a user wrote: a mapping of plain values, with errors that name file and line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from foldwise.errors import ConfigError
from foldwise.system.files import open_regular

MOST_BYTES = 262_144  # the longest file of ours has 3,000
MOST_DIGITS = 3_000  # Python shows no larger number; the rules of the options allow fewer
_HALVES = re.compile("[\ud800-\udfff]")


def read_yaml(path: Path, most_bytes: int = MOST_BYTES) -> tuple[dict[str, Any], dict[str, int]]:
    """The mapping in a file, and the line of each value by dotted key, as in `defaults.0`.

    Keys are text as written. Tags, aliases and duplicate keys are refused, and so is anything but a regular file.

    Raises:
        ConfigError: the file cannot be read, or does not hold a mapping.
    """
    try:
        with open_regular(path) as file:
            raw = file.read(most_bytes + 1)
        if len(raw) > most_bytes:
            raise ConfigError(str(path), f"is larger than {most_bytes} bytes, the limit of such a file; shorten it")
        loader = _PlainLoader(raw.decode("utf-8"))
        node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            got = "an empty file" if node is None else "a list" if isinstance(node, yaml.SequenceNode) else "a single value"
            raise ConfigError(_place(path, node), f"must be a mapping, lines such as key: value, got {got}")
        values = loader.construct_document(node)
        lines: dict[str, int] = {}
        for key, line in _lines(node, ""):
            if key in lines:  # once as fit: {epochs: 2}, once as fit.epochs: 3
                raise ConfigError(f"{path}, line {line}", f"duplicate key {key!r}, also in line {lines[key]}; leave one out")
            lines[key] = line
        return values, lines
    except OSError as fault:
        raise ConfigError(str(path), f"cannot be read: {fault.strerror}") from None
    except yaml.MarkedYAMLError as fault:
        where = path if fault.problem_mark is None else f"{path}, line {fault.problem_mark.line + 1}"
        raise ConfigError(str(where), f"cannot be read as YAML: {fault.problem}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as fault:  # a UnicodeDecodeError is a ValueError
        raise ConfigError(str(path), f"cannot be read as YAML: {' '.join(str(fault).split())[:200]}") from None


def _place(path: Path, node: yaml.Node | None) -> str:
    return str(path) if node is None else f"{path}, line {node.start_mark.line + 1}"


def _lines(node: yaml.Node, key: str) -> Iterator[tuple[str, int]]:
    if key:
        yield key, node.start_mark.line + 1
    children: list[tuple[str, yaml.Node]] = []
    if isinstance(node, yaml.MappingNode):
        children = [(name.value, value) for name, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        children = [(str(place), value) for place, value in enumerate(node.value)]
    for name, value in children:
        yield from _lines(value, f"{key}.{name}" if key else name)


class _PlainLoader(yaml.SafeLoader):  # type: ignore[misc]  # PyYAML ships no types
    """YAML without tags, aliases, dates and duplicate keys; an alias can expand to any size."""

    yaml_implicit_resolvers = {  # noqa: RUF012 as in PyYAML
        first: [(tag, pattern) for tag, pattern in known if tag != "tag:yaml.org,2002:timestamp"]
        for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="aliases (*name) are not allowed", problem_mark=event.start_mark)
        if event.tag is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            raise yaml.MarkedYAMLError(problem=f"the tag {tag} is not allowed", problem_mark=event.start_mark)
        return super().compose_node(parent, index)

    def construct_scalar(self, node: Any) -> Any:
        value = super().construct_scalar(node)
        if node.tag.endswith(":int") and len(value) > MOST_DIGITS:
            raise yaml.MarkedYAMLError(problem=f"a number of {len(value)} digits", problem_mark=node.start_mark)
        if _HALVES.search(value):
            raise yaml.MarkedYAMLError(problem="half a character, such as \\ud800", problem_mark=node.start_mark)
        return value

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a key must be a word", problem_mark=key.start_mark)
            if key.value in mapping:
                raise yaml.MarkedYAMLError(problem=f"duplicate key {key.value!r}", problem_mark=key.start_mark)
            mapping[key.value] = self.construct_object(value, deep=True)
        return mapping


# 1e-4 is a number, as for Hydra; PyYAML requires 1.0e-4.
_PlainLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?(?:[0-9][0-9_]*)(?:\.[0-9_]*)?[eE][-+]?[0-9]+$"), list("-+0123456789")
)

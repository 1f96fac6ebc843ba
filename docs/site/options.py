"""Every key of `conf/`: its values and its default, and what it means.

A meaning is the comment beside the key, or above it. A key without one takes what the docstring of its specification says of it
(`key: ...`), or the comment beside the field there; the keys of a mapping on one line take the comment of that line.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

import foldwise.spec
from docs.site.values import models_of, values_of
from foldwise.doors.conf import JOBS, RECIPES, SERVICES, Conf, conf_at
from foldwise.spec.optimizer import COMMON, OPTIMIZERS, OptimizerSpec
from foldwise.spec.settled import AUTO
from foldwise.spec.study import FixedSpec
from foldwise.spec.trial import TrialSpec

OWN_ROOMS = ("retraining", "schedule")  # whose doors keep their specifications in the room
WHOLE = (FixedSpec, TrialSpec)  # the specifications of a whole configuration
GLOBAL = "# @package _global_"
RANGES = ("int", "float", "choice")


@dataclass(frozen=True)
class Key:
    """A key of a file. name: dotted, as on a command line. default: as YAML. meaning: a sentence, empty if none was found."""

    name: str
    values: str
    default: str
    meaning: str


@dataclass(frozen=True)
class File:
    """A file of `conf/`. name: without its ending. about: what its first comment says."""

    group: str
    name: str
    about: str
    keys: tuple[Key, ...]


def option_files(conf: Conf | None = None) -> dict[str, list[File]]:
    """Group -> its files: the groups of a study, and `service`, `jobs` and `tune` (the keys of conf/tune.yaml itself)."""
    folder = (conf or conf_at(None)).shipped
    found = {"tune": [_read(folder / "tune.yaml", "", WHOLE)]}
    for group in sorted(path.name for path in folder.iterdir() if path.is_dir() and path.name != RECIPES):
        files = [_read(path, _prefix(group), _specs(group, path.stem)) for path in sorted((folder / group).glob("*.yaml"))]
        found[group] = files
    return found


def _prefix(group: str) -> str:
    """What stands before the keys of a file: those of a door and of a job have no group."""
    return "" if group in (SERVICES, JOBS) else group


def _specs(group: str, name: str) -> list[type[BaseModel]]:
    """The specifications that a file's keys can belong to."""
    if group in (SERVICES, JOBS):
        wanted = "JobSpec" if group == JOBS else f"{name.title().replace('_', '')}Spec"
        return [model for model in _known() if model.__name__ == wanted]
    for model in WHOLE:
        if group in model.model_fields:
            return models_of(model.model_fields[group].annotation)
    return []


def _known() -> Iterator[type[BaseModel]]:
    """All specifications of the product."""
    names = [f"foldwise.spec.{module.name}" for module in pkgutil.iter_modules(foldwise.spec.__path__)]
    for name in [*names, *(f"foldwise.{room}.spec" for room in OWN_ROOMS)]:
        for one in vars(importlib.import_module(name)).values():
            if inspect.isclass(one) and issubclass(one, BaseModel) and one.__module__ == name:
                yield one


def _read(path: Path, prefix: str, specs: Sequence[type[BaseModel]]) -> File:
    text = path.read_text(encoding="utf-8")
    if text.startswith(GLOBAL):  # an option that sets values of several groups
        prefix, specs = "", WHOLE
    root = yaml.compose(text)
    about = "\n".join(_above(text.splitlines(), 0))
    keys: tuple[Key, ...] = ()
    if isinstance(root, yaml.MappingNode):
        keys = tuple(_keys(root, prefix, _chosen(specs, root), text.splitlines(), ""))
        first = keys[0].meaning if keys and keys[0].name == f"{prefix}.kind" else ""
        about = about or first
    return File(path.parent.name, path.stem, about, keys)


def _keys(
    node: yaml.MappingNode, prefix: str, specs: Sequence[type[BaseModel]], lines: list[str], around: str
) -> Iterator[Key]:
    for place, (key, value) in enumerate(node.value):
        if key.value == "defaults" and isinstance(value, yaml.SequenceNode):
            continue  # Hydra's list of groups
        name = f"{prefix}.{key.value}" if prefix else str(key.value)
        first_of_file = key.start_mark.line == 0 or (place == 0 and not around and key.start_mark.column == 0)
        said = _beside(lines, key, value) or ("" if first_of_file else " ".join(_own_lines_above(lines, key)))
        model, field = _field(specs, str(key.value))
        meaning = said or _documented(specs, str(key.value)) or _of_optimizer(model, node, str(key.value))
        if not meaning and (around or key.value == "kind"):
            meaning = around if around and (key.value == "kind" or len(node.value) == 1) else _about(model) or around
        if isinstance(value, yaml.MappingNode) and value.value:
            below = _chosen(models_of(field.annotation), value) if field else []
            yield from _keys(value, name, below, lines, meaning or _about(below[0] if len(below) == 1 else None))
        else:
            values = values_of(field) if field else _optimizer_values(model, node, str(key.value))
            if (key.value, value.value) == ("kind", AUTO) and f"`{AUTO}`" not in values:
                values = f"`{AUTO}`"  # settled before a specification is made of it
            yield Key(name, values, _shown(value, lines), meaning)


def _field(specs: Sequence[type[BaseModel]], key: str) -> tuple[type[BaseModel] | None, FieldInfo | None]:
    for model in specs:
        for name, field in model.model_fields.items():
            if key in (name, field.alias):
                return model, field
        if key in getattr(model, "__class_vars__", ()):  # a value that all of a kind share
            return model, FieldInfo.from_annotation(get_args(inspect.get_annotations(model, eval_str=True).get(key, str))[0])
    return (specs[0] if specs else None), None


def _chosen(models: Sequence[type[BaseModel]], node: yaml.MappingNode) -> list[type[BaseModel]]:
    """Of several specifications those of the mapping's kind; all if it has none."""
    kind = next((value.value for key, value in node.value if key.value == "kind"), None)
    fitting = [model for model in models if "kind" in model.model_fields and kind in _words(model.model_fields["kind"])]
    return fitting or list(models)


def _words(field: FieldInfo) -> tuple[Any, ...]:
    return get_args(field.annotation)


def _beside(lines: list[str], key: yaml.Node, value: yaml.Node) -> str:
    """The comment at the end of a key's line."""
    mark = value.end_mark if value.start_mark.line == key.start_mark.line else key.end_mark
    if isinstance(value, yaml.MappingNode) and not value.flow_style:
        mark = key.end_mark
    rest = lines[mark.line][mark.column :] if mark.line < len(lines) else ""
    found = re.match(r"[\s:]*#\s?(.*)", rest)
    return found[1].strip() if found else ""


def _own_lines_above(lines: list[str], key: yaml.Node) -> list[str]:
    return _above(lines, key.start_mark.line, upwards=True)


def _above(lines: list[str], line: int, upwards: bool = False) -> list[str]:
    """The comment lines that end above a line, or, from the first line, those that begin a file."""
    found: list[str] = []
    if upwards:
        while line > 0 and lines[line - 1].lstrip().startswith("#"):
            line -= 1
            found.insert(0, lines[line].strip().removeprefix("#").strip())
        return found if line > 0 else []
    for text in lines[line:]:
        if not text.startswith("#"):
            break
        if text != GLOBAL:
            found.append(text.removeprefix("#").strip())
    return found


def _documented(specs: Sequence[type[BaseModel]], key: str) -> str:
    """What a docstring says of a field (`key: text.`), or the comment beside it."""
    for model in specs:
        for owner in model.__mro__:
            text = re.sub(r"\s+", " ", owner.__doc__ or "")
            said = re.search(rf"(?:^|[.:] )(?:\w+, )*{key}(?:, \w+)*: (.+?)(?=\. \w+(?:, \w+)*: |$)", text)
            if said and issubclass(owner, BaseModel):
                return said[1].strip().rstrip(".")
            beside = re.search(rf"^ +{key}: .*?  # (.+)$", _source(owner), re.MULTILINE)
            if beside:
                return beside[1]
    return ""


def _about(model: type[BaseModel] | None) -> str:
    """The first paragraph of a specification's docstring."""
    return re.sub(r"\s+", " ", (model.__doc__ or "").strip().split("\n\n")[0]) if model else ""


def _source(owner: type) -> str:
    return inspect.getsource(owner) if owner.__module__.startswith("foldwise") else ""


def _of_optimizer(model: type[BaseModel] | None, node: yaml.MappingNode, key: str) -> str:
    """What is to be said of a parameter that Keras's optimizers have."""
    return f"Keras's parameter of {_kind(node)}" if model is OptimizerSpec and _optimizer_values(model, node, key) else ""


def _optimizer_values(model: type[BaseModel] | None, node: yaml.MappingNode, key: str) -> str:
    own = OPTIMIZERS.get(_kind(node), ("", 0.0, {}))[2]
    if model is not OptimizerSpec or key not in (*own, *COMMON):
        return ""
    return "true or false" if isinstance(own.get(key), bool) else "number"


def _kind(node: yaml.MappingNode) -> str:
    return next((str(value.value) for key, value in node.value if key.value == "kind"), "")


def _shown(value: yaml.Node, lines: list[str]) -> str:
    """A value as the file writes it, on one line."""
    first, last = value.start_mark, value.end_mark
    if first.line == last.line:
        return str(lines[first.line][first.column : last.column])
    return "one layer an entry" if isinstance(value, yaml.SequenceNode) else "..."


def is_range(default: str) -> bool:
    """Whether a default is a range, which `tune` searches."""
    return default.startswith(tuple(f"[{kind}" for kind in RANGES))


def recipes(conf: Conf | None = None) -> list[tuple[str, str, str]]:
    """Name, title and text of each recipe."""
    found = []
    for path in sorted(((conf or conf_at(None)).shipped / RECIPES).glob("*.yaml")):
        title, *text = _above(path.read_text(encoding="utf-8").splitlines(), 0) or [""]
        found.append((path.stem, title, " ".join(text)))
    return found


def unsaid(found: Mapping[str, list[File]]) -> list[str]:
    """The keys without a meaning or without values, with their files."""
    keys = [(file, key) for files in found.values() for file in files for key in file.keys]
    return [f"conf/{file.group}/{file.name}.yaml: {key.name}" for file, key in keys if not (key.meaning and key.values)]

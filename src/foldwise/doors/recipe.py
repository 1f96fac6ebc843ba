"""A recipe: a file that chooses options of groups and sets values all over the configuration."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from foldwise.doors.conf import RECIPES, Conf
from foldwise.errors import ConfigError
from foldwise.spec.places import MOST_BYTES_OF_A_NAME
from foldwise.system.known_words import did_you_mean
from foldwise.system.yaml_file import read_yaml

OVERRIDE = "override /"


def recipe_file(conf: Conf, value: Any) -> Path:
    """The file of `experiment=VALUE`: a path that ends in .yaml or .yml, else a recipe of `conf/experiment/`.

    Raises:
        ConfigError: the file does not exist, or is not a regular file.
    """
    if isinstance(value, str) and value.endswith((".yaml", ".yml")):
        path = Path(value)
        if len(os.fsencode(path.name)) > MOST_BYTES_OF_A_NAME:
            raise ConfigError(RECIPES, f"{value[:80]!r} is longer than a name of a file can be; correct it")
        if path.exists() and not path.is_file():
            raise ConfigError(RECIPES, f"{path} is not a regular file; name a file that holds a recipe")
        if not path.is_file():
            beside = [file.name for file in path.parent.glob("*.y*ml")]
            raise ConfigError(RECIPES, f"file not found: {path.absolute()}{did_you_mean(path.name, beside)}")
        return path
    known = conf.groups()[RECIPES]
    found = conf.find(f"{RECIPES}/{value}.yaml") if value in known else None
    if found is None:
        near = did_you_mean(str(value), known)
        raise ConfigError(RECIPES, f"{str(value)!r} is not a recipe, nor a path that ends in .yaml{near}")
    return found


def read_recipe(path: Path, groups: Mapping[str, Sequence[str]]) -> tuple[dict[str, str], dict[str, Any]]:
    """The options that a recipe chooses, by group, and its values.

    `compose` applies the values like those of a command line, because Hydra does not put a range (a list) in place of a
    mapping.

    Raises:
        ConfigError: something in it is wrong; the message has file and line.
    """
    values, lines = read_yaml(path)
    listed = values.pop("defaults", [])
    if not isinstance(listed, list):
        place = f"{path}, line {lines['defaults']}"
        raise ConfigError(place, f"defaults must be a list of lines such as - {OVERRIDE}data: csv, got {listed!r}")
    chosen: dict[str, str] = {}
    for number, line in enumerate(listed):
        group, option = _choice(line, f"{path}, line {lines[f'defaults.{number}']}", groups)
        if group in chosen:
            raise ConfigError(f"{path}, line {lines[f'defaults.{number}']}", f"{group} is chosen twice; leave one line out")
        chosen[group] = option
    if "paths.conf" in lines:
        place = f"{path}, line {lines['paths.conf']}"
        raise ConfigError(place, "a recipe cannot set paths.conf; give it on the command line")
    return chosen, values


def _choice(line: Any, place: str, groups: Mapping[str, Sequence[str]]) -> tuple[str, str]:
    """Group and option of a line such as `override /data: csv`."""
    key, option = next(iter(line.items())) if isinstance(line, dict) and len(line) == 1 else ("", None)
    if not key.startswith(OVERRIDE):
        raise ConfigError(place, f"a line of defaults must be such as - {OVERRIDE}data: csv, got {_shown(line)}")
    group = key.removeprefix(OVERRIDE)
    known = [name for name in groups if name != RECIPES]
    if group not in known:
        raise ConfigError(place, f"{group!r} is not a group{did_you_mean(group, known)}")
    if option not in groups[group]:
        raise ConfigError(place, f"{_shown(option)} is not an option of {group}{did_you_mean(str(option), groups[group])}")
    return group, str(option)


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{key}: {item}" for key, item in value.items())
    return repr(value)

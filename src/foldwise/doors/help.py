"""The texts of `--help`: the doors, the groups and keys of a door, the keys of a group with their comments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from foldwise.doors.conf import RECIPES, SERVICES, Conf, conf_at, shipped_conf
from foldwise.doors.overrides import own_conf, read_override
from foldwise.doors.recipe import recipe_file
from foldwise.errors import ConfigError
from foldwise.system.command import door_command
from foldwise.system.known_words import did_you_mean


def is_service(door: str) -> bool:
    """Whether a door has a file of its own in `conf/service/`, so that it composes no study."""
    return (shipped_conf() / SERVICES / f"{door}.yaml").is_file()


def doors_help(about: Mapping[str, str]) -> str:
    """A line for every door."""
    lines = [f"  {name:9} {text.splitlines()[0]}" for name, text in about.items()]
    usage = "usage: foldwise COMMAND [group=option ...] [key=value ...]"
    return "\n".join([usage, "", *lines, "", "foldwise COMMAND --help lists its groups and keys."])


def door_help(name: str, about: str, words: Sequence[str]) -> str:
    """The groups and keys of a door; if the words name groups (`model`, `model=mlp`), only the keys of these.

    Raises:
        ConfigError: a word names a group or an option that does not exist.
    """
    pairs = [read_override(word) if "=" in word else (word, None) for word in words]
    conf = conf_at(own_conf(pairs))
    if is_service(name):
        paths = [folder / SERVICES / f"{name}.yaml" for folder in conf.folders]
        sections = [_text(path) for path in paths if path.is_file()]
    else:
        chosen = [line for key, option in pairs for line in _group(conf, key, option)]
        sections = chosen or [*_groups(conf), _file(conf, "tune.yaml")]
    usage = f"usage: {door_command(name)} {'' if is_service(name) else '[group=option ...] '}[key=value ...]"
    flags = ["  --cfg job   prints the composed configuration and ends", "  --help      prints this"]
    if not is_service(name):
        flags.append("  --help model, --help model=mlp   print the keys of a group, of one of its options")
    return "\n".join([usage, "", about.strip(), "", *sections, *flags])


def _group(conf: Conf, key: str, option: Any) -> list[str]:
    """The files of a group's options, or of the chosen one; empty for a key that is not a group."""
    known = conf.groups()
    if key not in known:
        if option is None:
            raise ConfigError("", f"{key!r} is not a group{did_you_mean(key, known)}")
        return []
    if option is None:
        return [_file(conf, f"{key}/{name}.yaml") for name in known[key]]
    if key == RECIPES:
        return [_text(recipe_file(conf, option))]
    if option not in known[key]:
        raise ConfigError(key, f"{str(option)!r} is not an option of {key}{did_you_mean(str(option), known[key])}")
    return [_file(conf, f"{key}/{option}.yaml")]


def _groups(conf: Conf) -> list[str]:
    """Groups with their options, recipes with a line each."""
    known = conf.groups()
    recipes = known.pop(RECIPES)
    lines = ["Groups, each option a file of conf/ with a comment on each key:"]
    lines += [f"  {group:12} {', '.join(options)}" for group, options in known.items()]
    lines += ["", f"Recipes, {RECIPES}=NAME or {RECIPES}=./mine.yaml, each with data, preparation and ranges; other words win:"]
    for name in recipes:
        path = conf.find(f"{RECIPES}/{name}.yaml")
        lines.append(f"  {name:20} {_first_comment(path) if path else ''}")
    return [*lines, ""]


def _file(conf: Conf, name: str) -> str:
    path = conf.find(name)
    assert path is not None  # it was listed
    return _text(path)


def _text(path: Path) -> str:
    """A file under its name, which for a shipped one begins with `conf/`."""
    shipped = shipped_conf()
    name = f"conf/{path.relative_to(shipped).as_posix()}" if path.is_relative_to(shipped) else path
    lines = ["  " + line for line in path.read_text(encoding="utf-8").splitlines()]
    return "\n".join([f"{name}:", *lines, ""])


def _first_comment(path: Path) -> str:
    """The first line of a recipe that is meant for people."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return next((line.lstrip("# ") for line in lines if line.startswith("#") and "@package" not in line), "")

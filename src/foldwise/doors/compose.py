"""From the words of a command line to a plain configuration. Reads the files of conf/, and no database."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from foldwise.config.proposals import for_option
from foldwise.doors.conf import RECIPES, SERVICES, Conf, conf_at
from foldwise.doors.overrides import key_parts, own_conf, read_override, split_override
from foldwise.doors.recipe import read_recipe, recipe_file
from foldwise.errors import ConfigError
from foldwise.system.known_words import closest, did_you_mean
from foldwise.system.yaml_file import read_yaml

Config = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """A door's configuration, the dotted keys that the user gave, and when the door began, by `time.monotonic`."""

    config: Config
    keys: tuple[str, ...] = ()
    began: float = field(default_factory=time.monotonic)


def request_study(overrides: Sequence[str], values: Mapping[str, Any] | None = None, rows: Config | None = None) -> Request:
    """A request for a study; arguments as those of `compose_study`."""
    began = time.monotonic()
    keys = (*(split_override(text)[0] for text in overrides), *(values or {}), *(("data",) if rows is not None else ()))
    return Request(compose_study(overrides, values, rows), keys, began)


def compose_study(overrides: Sequence[str], values: Mapping[str, Any] | None = None, rows: Config | None = None) -> Config:
    """The plain configuration of a study, for `config.read_study`.

    A recipe (`experiment=NAME`) is applied to the groups, then the other words to the result. A group that is chosen beside
    a recipe (`data=iris`) is taken whole, without the recipe's values for it.

    Args:
        overrides: as on a command line, `data=csv`, `fit.epochs=30`, `model.units=[int,8,64]`, `experiment=titanic`.
        values: dotted key -> plain value, applied after the overrides.
        rows: the section `data`, if it comes from Python instead of a file of options.

    Raises:
        ConfigError: an override or a recipe cannot be read, or names an option that does not exist.
    """
    given = [*(read_override(text) for text in overrides), *(values or {}).items()]
    conf = conf_at(own_conf(given))
    known = conf.groups()
    chosen: dict[str, str] = {}
    changes: list[tuple[str, Any]] = []
    recipe: Path | None = None
    for key, value in given:
        group = key.removesuffix(".kind")
        if key == RECIPES:
            recipe = recipe_file(conf, value)
        elif group in known and isinstance(value, str) and (key == group or value in known[group]):
            if value not in known[group]:
                raise ConfigError(key, f"{value!r} is not an option of {group}{for_option(group, value, known[group])}")
            chosen[group] = value
        else:
            changes.append((key, value))
    of_recipe, values_of_recipe = read_recipe(recipe, known) if recipe else ({}, {})
    config = _composed(conf, of_recipe | chosen)
    for key, value in values_of_recipe.items():
        if key not in chosen:
            _set(config, key, value)
    if rows is not None:
        if "data" in chosen:
            raise ConfigError("data", f"the rows come from the frame; leave data={chosen['data']} out")
        config["data"] = rows
    for key, value in changes:
        _set(config, key, value)
    return config


def compose_service(door: str, overrides: Sequence[str]) -> Config:
    """The plain configuration of a door that composes no study, from `conf/service/`.

    Raises:
        ConfigError: a key is unknown, or a value that must be given is missing.
    """
    given = [read_override(text) for text in overrides]
    conf = conf_at(own_conf(given))
    config: Config = {}
    for folder in reversed(conf.folders):  # so that a file of one's own need not have every key
        path = folder / SERVICES / f"{door}.yaml"
        for key, value in (read_yaml(path)[0] if path.is_file() else {}).items():
            _set(config, key, value)
    for key, value in given:
        _known_key(config, key)
        _set(config, key, value)
    for key, value in config.items():
        if value == "???":
            raise ConfigError(key, f"must be given, for example {key}=...")
    return config


def _composed(conf: Conf, chosen: Mapping[str, str]) -> Config:
    """`tune.yaml` with the options of its groups, composed by Hydra."""
    from hydra import compose, initialize_config_dir
    from hydra.core.config_search_path import SearchPathQuery
    from hydra.core.global_hydra import GlobalHydra
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    if conf.own:
        _check_own_files(conf, chosen)
    try:
        with initialize_config_dir(version_base="1.3", config_dir=str(conf.shipped)):
            loader = GlobalHydra.instance().config_loader()
            for folder in conf.own:  # hydra.searchpath would search it after the shipped folder
                loader.get_search_path().prepend("own", f"file://{folder}", SearchPathQuery(provider="main"))
            loader.repository.initialize_sources(loader.get_search_path())
            words = [f"{group}={option}" for group, option in chosen.items()]
            composed = OmegaConf.to_container(compose("tune", overrides=words), resolve=False)
    except (HydraException, OmegaConfBaseException, YAMLError) as error:
        raise ConfigError("", " ".join(str(error).split())) from None
    assert isinstance(composed, dict)
    return {str(key): value for key, value in composed.items()}


def _check_own_files(conf: Conf, chosen: Mapping[str, str]) -> None:
    """Refuse a chosen file that is not plain YAML, by its line, which Hydra's messages do not name."""
    waiting = ["tune.yaml", *(f"{group}/{option}.yaml" for group, option in chosen.items())]
    seen = set()
    while waiting:
        name = waiting.pop()
        path = conf.find(name)
        if name in seen or path is None:
            continue
        seen.add(name)
        values, lines = read_yaml(path)
        listed = values.get("defaults", [])
        if not isinstance(listed, list):
            raise ConfigError(
                f"{path}, line {lines['defaults']}", f"defaults must be a list of lines - group: option, got {listed!r}"
            )
        for line in listed:  # `- option` of the same group, `- group: option`, `- override /group: option`
            for key, option in line.items() if isinstance(line, dict) else [("", line)]:
                below = "/" / Path(name).parent / key.split(" ")[-1]
                group = str(below.relative_to("/"))
                if not (name == "tune.yaml" and group in chosen):
                    waiting.append(str((below / str(option)).relative_to("/")) + ".yaml")


def _set(config: Config, key: str, value: Any) -> None:
    """Put a value at a dotted key. A mapping is merged into one of its kind and replaces one of another.

    A bare word is a mapping of that kind. All optimizers have a learning rate, so a range of it stays if the word is another.
    """
    *parents, leaf = key_parts(key)
    node: Any = config
    for parent in parents:
        place: Any = _place(node, parent, key) if isinstance(node, list) else parent
        below = node[place] if isinstance(node, list) else node.get(parent)
        if isinstance(below, str):  # a bare word means a mapping of that kind
            below = {"kind": below}
        if not isinstance(below, dict) and not (isinstance(below, list) and below and not isinstance(below[0], str)):
            below = {}
        node[place] = below
        node = below
    if isinstance(node, list):
        node[_place(node, leaf, key)] = value
        return
    old = node.get(leaf)
    if isinstance(value, str) and isinstance(old, dict) and "kind" in old:
        if value == old["kind"]:
            return
        rate = old.get("learning_rate")
        if key == "fit.optimizer" and isinstance(rate, list):
            value = {"kind": value, "learning_rate": rate}
    if isinstance(value, Mapping) and isinstance(old, dict) and value.get("kind", old.get("kind")) == old.get("kind"):
        for name, item in value.items():
            _set(config, f"{key}.{name}", item)
    else:
        node[leaf] = value


def _place(items: list[Any], word: str, key: str) -> int:
    """The index in a list that a word of a dotted key means, as in model.layers.0.units."""
    if not word.isdigit() or int(word) >= len(items):
        raise ConfigError(key, f"{word!r} is not an index of a list of {len(items)}; they are counted from 0")
    return int(word)


def _known_key(config: Config, key: str) -> None:
    node: Any = config
    words = key.split(".")
    for place, word in enumerate(words):
        if not isinstance(node, dict) or word not in node:
            known = node if isinstance(node, dict) else {}
            near = closest(word, known)
            meant = ".".join([*words[:place], near, *words[place + 1 :]]) if near else None
            raise ConfigError(
                key, f"unknown key, did you mean {meant}?" if meant else f"unknown key{did_you_mean(word, known)}"
            )
        node = node[word]

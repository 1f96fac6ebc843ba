"""From the words of a command line to a plain configuration. Reads the files of conf/, and no database."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from foldwise.config.proposals import for_option
from foldwise.config.settle import FORMER, PLACES, by_rows, settle
from foldwise.doors.conf import RECIPES, SERVICES, Conf, conf_at
from foldwise.doors.overrides import key_parts, own_conf, read_override, split_override
from foldwise.doors.recipe import read_recipe, recipe_file
from foldwise.errors import ConfigError
from foldwise.spec.settled import AUTO, Settled, Size
from foldwise.system.keras_backend import USUAL
from foldwise.system.keras_backend import settled as settled_backend
from foldwise.system.known_words import closest, did_you_mean
from foldwise.system.yaml_file import read_yaml

Config = dict[str, Any]
_FORMER = {"model": FORMER.model, **FORMER.values}


@dataclass(frozen=True)
class StudyWords:
    """What was asked for, before `auto` is settled. What it stands for lies beneath all that was given.

    options: group -> option, of the recipe or chosen beside it. values: dotted key -> value, applied in this order.
    """

    conf: Conf
    options: Mapping[str, str]
    values: Sequence[tuple[str, Any]]
    # composed by Hydra, by the options; it takes its time
    _seen: dict[str, Config] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def by_rows(self) -> bool:
        """Whether the configuration depends on the rows."""
        return by_rows(self._kind)

    def config(self, settled: Mapping[str, Any] | None = None) -> Config:
        """The plain configuration.

        settled: group -> option, or dotted key -> value; where it lacks an `auto`, that is what it is without rows.
        """
        usual = self._stands_for(None)
        wanted = {**usual, **(settled or {})}
        return self._former if wanted == _FORMER else self._composed(wanted)

    def settled(self, size: Size) -> Settled:
        """All that is `auto` here, settled by the size of the table."""
        return self.left(Settled(size, self._stands_for(size)))

    def left(self, settled: Settled) -> Settled:
        """Of what was settled, that which is still `auto` here."""
        beneath = self._composed({key: value for key, value in settled.values.items() if "." not in key})

        def is_auto(key: str, value: Any) -> bool:
            if "." in key:
                return bool(_at(beneath, key) == AUTO)
            return self._listed.get(key) == AUTO and _at(beneath, f"{key}.kind") == value

        return Settled(settled.size, {key: value for key, value in settled.values.items() if is_auto(key, value)})

    @property
    def unsettled(self) -> Config:
        """The configuration with the word `auto` wherever the rows decide."""
        return self._composed({} if self._model_is_auto else {"model": FORMER.model})

    def _stands_for(self, size: Size | None) -> dict[str, Any]:
        """What `auto` stands for, at each place where it may stand."""
        values = settle(size, self._kind)
        if not self._model_is_auto:  # keys of a model without an option are those of the former one
            values["model"] = FORMER.model
        if self._former.get("goals"):  # a race knows one goal
            values["race"] = "none"
        return values

    @cached_property
    def _listed(self) -> Mapping[str, str]:
        return {**self.conf.defaults(), **self.options}

    @cached_property
    def _model_is_auto(self) -> bool:
        return self._listed.get("model") == AUTO and not any(key.partition(".")[0] == "model" for key, _ in self.values)

    @cached_property
    def _former(self) -> Config:
        return self._composed(_FORMER)

    @cached_property
    def _kind(self) -> str | None:
        """The kind of the network that was given: empty for a choice between several; None if the rows choose it."""
        model = self._former["model"]
        kind = model.get("kind", "") if isinstance(model, Mapping) else model if isinstance(model, str) else ""
        return None if self._model_is_auto else str(kind)

    def _composed(self, settled: Mapping[str, Any]) -> Config:
        """The configuration with these values in place of `auto`, before and after what was given."""
        autos = [group for group, option in self._listed.items() if option == AUTO and group in settled]
        options = {**self.options, **{group: settled[group] for group in autos}}
        if str(options) not in self._seen:
            self._seen[str(options)] = _composed(self.conf, options)
        config: Config = _copied(self._seen[str(options)])
        _put(config, settled)
        for key, value in self.values:
            _set(config, key, _copied(value))
        _put(config, settled)
        if isinstance(config.get("training"), dict):
            config["training"]["backend"] = settled_backend(config["training"].get("backend", USUAL))
        return config


@dataclass(frozen=True)
class Request:
    """A door's configuration, the dotted keys that the user gave, and when the door began, by `time.monotonic`.

    words: of a study, from which its configuration is composed again once `auto` is settled.
    """

    config: Config
    keys: tuple[str, ...] = ()
    began: float = field(default_factory=time.monotonic)
    words: StudyWords | None = None

    @property
    def shown(self) -> Config:
        """The configuration as `--cfg job` prints it."""
        return self.words.unsettled if self.words is not None and self.words.by_rows else self.config


def request_study(overrides: Sequence[str], values: Mapping[str, Any] | None = None, rows: Config | None = None) -> Request:
    """A request for a study; arguments as those of `compose_study`."""
    began = time.monotonic()
    words = study_words(overrides, values, rows)
    given = [*map(split_override, overrides), *(values or {}).items(), *([("data", "")] if rows is not None else [])]
    keys = tuple(key for key, value in given if not _asks_auto(key, value))
    return Request(words.config(), keys, began, words)


def compose_study(overrides: Sequence[str], values: Mapping[str, Any] | None = None, rows: Config | None = None) -> Config:
    """The plain configuration of a study, for `config.read_study`; `auto` is what it is without rows.

    A recipe (`experiment=NAME`) is applied to the groups, then the other words to the result. A group that is chosen beside
    a recipe (`data=iris`) is taken whole, without the recipe's values for it.

    Args:
        overrides: as on a command line, `data=csv`, `fit.epochs=30`, `model.units=[int,8,64]`, `experiment=titanic`.
        values: dotted key -> plain value, applied after the overrides.
        rows: the section `data`, if it comes from Python instead of a file of options.

    Raises:
        ConfigError: an override or a recipe cannot be read, or names an option that does not exist.
    """
    return study_words(overrides, values, rows).config()


def study_words(overrides: Sequence[str], values: Mapping[str, Any] | None = None, rows: Config | None = None) -> StudyWords:
    """What was asked for; arguments and errors as those of `compose_study`."""
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
        elif group in known and _asks_auto(key, value):
            chosen[group] = AUTO
        elif group in known and isinstance(value, str) and (key == group or value in known[group]):
            if value not in known[group]:
                raise ConfigError(key, f"{value!r} is not an option of {group}{for_option(group, value, known[group])}")
            chosen[group] = value
        else:
            changes.append((key, value))
    of_recipe, values_of_recipe = read_recipe(recipe, known) if recipe else ({}, {})
    for group in [key for key, value in values_of_recipe.items() if key in known and _asks_auto(key, value)]:
        of_recipe[group] = AUTO
        del values_of_recipe[group]
    beneath = [(key, value) for key, value in values_of_recipe.items() if key not in chosen]
    if rows is not None:
        if "data" in chosen:
            raise ConfigError("data", f"the rows come from the frame; leave data={chosen['data']} out")
        beneath.append(("data", rows))
    return StudyWords(conf, of_recipe | chosen, [*beneath, *changes])


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
        with _hydra_apart(), initialize_config_dir(version_base="1.3", config_dir=str(conf.shipped)):
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


@contextmanager
def _hydra_apart() -> Iterator[None]:
    """Set aside the Hydra of a program that calls foldwise: there is one a process."""
    from hydra.core.global_hydra import GlobalHydra
    from hydra.version import VersionBase

    theirs, base = GlobalHydra.instance().hydra, VersionBase.instance().getbase()
    GlobalHydra.instance().hydra = None
    try:
        yield
    finally:
        GlobalHydra.instance().hydra = theirs  # of the instance that is there now: Hydra's own end makes another one
        VersionBase.instance().version_base = base


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


def _asks_auto(key: str, value: Any) -> bool:
    """Whether a word leaves to the rows what it could set."""
    return key.removesuffix(".kind") in PLACES and isinstance(value, str | dict) and value in (AUTO, {"kind": AUTO})


def _put(config: Config, settled: Mapping[str, Any]) -> None:
    """Put settled values where a configuration has `auto`."""
    for key, value in settled.items():
        if "." in key and _at(config, key) == AUTO:
            _set(config, key, _copied(value))


def _at(config: Config, key: str) -> Any:
    """The value at a dotted key; None without one."""
    node: Any = config
    for word in key.split("."):
        node = node.get(word) if isinstance(node, Mapping) else None
    return node


def _copied(value: Any) -> Any:
    """A value whose lists and mappings are its own, so that words can change them; what came from Python stays."""
    if isinstance(value, dict):
        return {name: _copied(item) for name, item in value.items()}
    return [_copied(item) for item in value] if type(value) is list else value


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

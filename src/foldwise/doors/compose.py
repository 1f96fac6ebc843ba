"""Hydra's one home: from overrides to a plain configuration, and what every door does with its command line."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from foldwise.errors import ConfigError, FoldwiseError, did_you_mean
from foldwise.system.redact import without_password

Config = dict[str, Any]

NO_GROUPS = ("service", "jobs")  # folders of conf/ that hold no choices for a study
RECIPES = "experiment"  # the group whose options set values all over the configuration


def conf_folder() -> Path:
    """Where `conf/` lies: inside the installed package, or at the top of the checkout."""
    installed = Path(__file__).parents[1] / "conf"
    return installed if installed.is_dir() else Path(__file__).parents[3] / "conf"


def groups() -> dict[str, list[str]]:
    """What can be chosen by name: group -> its options."""
    return {
        folder.name: sorted(path.stem for path in folder.glob("*.yaml"))
        for folder in sorted(conf_folder().iterdir())
        if folder.is_dir() and folder.name not in NO_GROUPS
    }


def compose_study(overrides: Sequence[str], values: Mapping[str, Any] | None = None, rows: Config | None = None) -> Config:
    """The plain configuration of a study, for `config.read_study`.

    A recipe (`experiment=NAME`) is laid over the groups, then what was asked for over the recipe: a group that is chosen
    beside it (`data=iris`) is taken whole, without the recipe's values for it. Where a study is only named, it is taken as
    the ledger has it.

    Args:
        overrides: as on a command line, `data=csv`, `fit.epochs=30`, `model.units=[int,8,64]`, `experiment=titanic`.
        values: dotted key -> plain value, applied after the overrides.
        rows: the section `data`, where it comes from Python and is no choice among files.

    Raises:
        ConfigError: an override cannot be read or names an option that is not there.
    """
    known = groups()
    chosen: dict[str, str] = {}
    changes: list[tuple[str, Any]] = []
    asked = [*(_read_override(text) for text in overrides), *(values or {}).items()]
    for key, value in asked:
        group = key.removesuffix(".kind")
        if key == RECIPES or (group in known and isinstance(value, str) and (key == group or value in known[group])):
            if value not in known[group]:
                raise ConfigError(key, f"{str(value)!r} is no choice{did_you_mean(str(value), known[group])}")
            chosen[group] = value
        else:
            changes.append((key, value))
    of_recipe, values_of_recipe = _read_recipe(chosen.pop(RECIPES)) if RECIPES in chosen else ({}, {})
    config = _composed("tune", conf_folder(), [f"{group}={option}" for group, option in (of_recipe | chosen).items()])
    for key, value in values_of_recipe.items():
        if key not in chosen:
            _set(config, key, value)
    if rows is not None:
        if "data" in chosen:
            raise ConfigError("data", f"the rows come from the frame; leave data={chosen['data']} out")
        config["data"] = rows
    for key, value in changes:
        _set(config, key, value)
    keys = [key for key, _ in asked]
    if rows is None and "study" in keys:
        from foldwise.doors.load_recipe import load_recipe, only_names

        return load_recipe(config, keys) if only_names(keys) else config
    return config


def compose_service(door: str, overrides: Sequence[str]) -> Config:
    """The plain configuration of a door that composes no study, from `conf/service/`.

    Raises:
        ConfigError: a key is unknown or a value that must be given is not.
    """
    config = _composed(door, conf_folder() / "service", [])
    for key, value in (_read_override(text) for text in overrides):
        _known_key(config, key)
        _set(config, key, value)
    for key, value in config.items():
        if value == "???":
            raise ConfigError(key, f"must be given, for example {key}=...")
    return config


def run_door(name: str, about: str | None, run: Callable[[Config], None], argv: Sequence[str] | None = None) -> int:
    """A door: reads its command line, runs, and turns every fault into one sentence and an exit code.

    Args:
        name: the door's name; one with a file in `conf/service/` is composed from that, every other composes a study.
        about: what `--help` says first.
        run: the door's work, given the composed configuration.
        argv: the words of the command line; by default this process's own.

    Returns:
        0; 1 if the job failed; 2 if the configuration or the data are wrong.
    """
    try:
        flags, overrides = _flags(sys.argv[1:] if argv is None else argv)
        if "--help" in flags:
            print(_help(name, about or ""))
            return 0
        service = (conf_folder() / "service" / f"{name}.yaml").exists()
        config = compose_service(name, overrides) if service else compose_study(overrides)
        if "--cfg" in flags:
            print(yaml.safe_dump(config, sort_keys=False, allow_unicode=True, default_flow_style=None), end="")
            return 0
        run(config)
    except FoldwiseError as error:
        print(f"error: {without_password(str(error))}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("error: stopped at once; what was finished is kept, and the same command goes on", file=sys.stderr)
        return 1
    except Exception as error:  # the last line of defence: a person gets a sentence, a developer the traceback
        if os.environ.get("FOLDWISE_TRACEBACK"):
            raise
        text = without_password(" ".join(str(error).split()))[:300]
        print(f"error: {type(error).__name__}: {text} (FOLDWISE_TRACEBACK=1 shows where)", file=sys.stderr)
        return 1
    return 0


def _composed(name: str, folder: Path, choices: list[str]) -> Config:
    from hydra import compose, initialize_config_dir
    from hydra.errors import HydraException
    from omegaconf import OmegaConf

    try:
        with initialize_config_dir(version_base="1.3", config_dir=str(folder.resolve())):
            composed = OmegaConf.to_container(compose(name, overrides=choices), resolve=False)
    except HydraException as error:
        raise ConfigError("", " ".join(str(error).split())) from None
    assert isinstance(composed, dict)
    return {str(key): value for key, value in composed.items()}


def _read_recipe(name: str) -> tuple[dict[str, str], Config]:
    """The options that a recipe chooses, by group, and its values.

    The values are laid over by us as those of a command line are: Hydra would not put a range (a list) where a group's file
    has a mapping.
    """
    from omegaconf import OmegaConf

    recipe: Any = OmegaConf.to_container(OmegaConf.load(conf_folder() / RECIPES / f"{name}.yaml"), resolve=False)
    choices = {key.removeprefix("override /"): option for line in recipe.pop("defaults", []) for key, option in line.items()}
    return choices, recipe


def _read_override(text: str) -> tuple[str, Any]:
    """The key and the value of `key=value`; `+key=value` and `++key=value` mean the same."""
    match = re.fullmatch(r"(\+{0,2})([^=\s~+][^=]*)=(.*)", text, flags=re.DOTALL)
    if match is None:
        raise ConfigError("", f"{text!r} is not understood: write key=value, for example fit.epochs=30")
    key, written = match.group(2).strip(), match.group(3)
    if key.split(".")[0] == "hydra":
        raise ConfigError(key, "Hydra's own settings are not used here")
    if "@" in key:
        raise ConfigError(key, "packages are not used here; write group=option")
    if re.fullmatch(r"[+-]?\d{16,}", written):  # more digits than a float holds: keep them
        return key, int(written)
    return key, _read_value(key, written)


def _read_value(key: str, written: str) -> Any:
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    try:
        override = OverridesParser.create().parse_override(f"value={written}")
    except HydraException:
        if written[:1] in ("[", "{"):
            raise ConfigError(
                key, f"{written!r} is not understood; a list is [a,b], a mapping {{a: 1}}, quote odd text"
            ) from None
        return written  # plain text with signs that Hydra's grammar keeps for itself, as in data.delimiter=;
    if override.is_sweep_override():
        raise ConfigError(key, f"several values at once are Hydra's multirun, which is not used; a range is {key}=[choice,a,b]")
    return _plain(override.value())


def _plain(value: Any) -> Any:
    """Hydra's quoted words as plain text, also inside lists and mappings."""
    if isinstance(value, dict):
        return {str(_plain(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, (bool, int, float)) or value is None:
        return value
    return str(getattr(value, "text", value))


def _set(config: Config, key: str, value: Any) -> None:
    """Put a value at a dotted key. A mapping is merged into one of its kind and replaces one of another."""
    *parents, leaf = key.split(".")
    node: Any = config
    for parent in parents:
        place: Any = _place(node, parent, key) if isinstance(node, list) else parent
        below = node[place] if isinstance(node, list) else node.get(parent)
        if isinstance(below, str):  # a bare word stands for a mapping of that kind
            below = {"kind": below}
        if not isinstance(below, dict) and not (isinstance(below, list) and below and not isinstance(below[0], str)):
            below = {}
        node[place] = below
        node = below
    if isinstance(node, list):
        node[_place(node, leaf, key)] = value
        return
    old = node.get(leaf)
    if isinstance(value, Mapping) and isinstance(old, dict) and value.get("kind", old.get("kind")) == old.get("kind"):
        for name, item in value.items():
            _set(old, str(name), item)
    else:
        node[leaf] = value


def _place(items: list[Any], word: str, key: str) -> int:
    """The place in a list that a word of a dotted key means, as in model.layers.0.units."""
    if not word.isdigit() or int(word) >= len(items):
        raise ConfigError(key, f"{word!r} is no place in a list of {len(items)}; they are counted from 0")
    return int(word)


def _known_key(config: Config, key: str) -> None:
    node: Any = config
    for word in key.split("."):
        if not isinstance(node, dict) or word not in node:
            known = node if isinstance(node, dict) else {}
            raise ConfigError(key, f"unknown key{did_you_mean(word, known)}")
        node = node[word]


def _flags(argv: Sequence[str]) -> tuple[set[str], list[str]]:
    flags: set[str] = set()
    overrides: list[str] = []
    words = list(argv)
    while words:
        word = words.pop(0)
        if word in ("-h", "--help"):
            flags.add("--help")
        elif word in ("--cfg", "-c"):
            if words and words[0] in ("job", "all"):
                words.pop(0)
            flags.add("--cfg")
        elif word == "--cfg=job":
            flags.add("--cfg")
        elif word in ("-m", "--multirun"):
            raise ConfigError(
                word, "Hydra's multirun is not used: write a range where the value would be, model.units=[int,8,64]"
            )
        elif word.startswith("-"):
            raise ConfigError(word, "is no option; known: --help, --cfg job, and key=value")
        else:
            overrides.append(word)
    return flags, overrides


def _first_comment(path: Path) -> str:
    """The first line of a recipe that is meant for people."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return next((line.lstrip("# ") for line in lines if line.startswith("#") and "@package" not in line), "")


def _help(name: str, about: str) -> str:
    lines = [f"usage: python -m pipelines.{name} [group=option ...] [key=value ...]", "", about.strip(), ""]
    source = conf_folder() / "service" / f"{name}.yaml"
    if not source.exists():
        lines.append("Groups, each option a file of conf/ with a line on each key:")
        known = groups()
        recipes = known.pop(RECIPES)
        lines += [f"  {group:12} {', '.join(options)}" for group, options in known.items()]
        lines += ["", f"Recipes, {RECIPES}=NAME, each with data, preparation and ranges; whatever else is said here wins:"]
        lines += [f"  {name:20} {_first_comment(conf_folder() / RECIPES / f'{name}.yaml')}" for name in recipes]
        lines.append("")
        source = conf_folder() / "tune.yaml"
    lines.append(f"conf/{source.relative_to(conf_folder()).as_posix()}:")
    lines += ["  " + line for line in source.read_text(encoding="utf-8").splitlines()]
    lines += ["", "  --cfg job   prints the composed configuration and ends", "  --help      prints this"]
    return "\n".join(lines)

"""A study that is only named: its recipe in the ledger is the configuration."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from foldwise.config.read import read_study
from foldwise.doors.assemble import ledger_at
from foldwise.errors import ConfigError

# What may be said beside the name of a study without asking something of it: none of it decides a number.
_SECTIONS = ("study", "register", "replay", "budget", "ledger", "tracking", "paths")


def only_names(keys: Iterable[str]) -> bool:
    """Whether a command line names a study and says nothing of what it asks."""
    first = [key.partition(".")[0] for key in keys]
    return "study" in first and all(word in _SECTIONS for word in first)


def load_recipe(config: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    """The configuration with which a study of that name was made, where there is one, else the one that was composed.

    Args:
        config: as composed: a study's name, where its ledger is, and defaults.
        keys: the dotted keys that were said; a total of trials that was not said stays as it was.

    Raises:
        ConfigError: the rows of the study came from Python.
    """
    url, runs = (config.get("ledger") or {}).get("url"), str((config.get("paths") or {}).get("runs", "mlruns"))
    if url is None and not (Path(runs) / "ledger.db").exists():
        return dict(config)
    with closing(ledger_at(url, runs, lambda sentence: print(sentence, file=sys.stderr))) as ledger:
        record = ledger.study(str(config["study"]))
    if record is None:
        return dict(config)
    if record.recipe["data"].get("kind") == "frame":
        rule = (
            f"{record.name!r} was made from a DataFrame, so only Python can go on with it: foldwise.tune(frame=..., study=...)"
        )
        raise ConfigError("study", rule)
    said = set(keys)
    known: dict[str, Any] = {**config, **record.recipe}
    if record.asked is not None and not said & {"budget", "budget.trials"}:
        known["budget"] = {**(known.get("budget") or {}), "trials": record.asked}
    unnamed = {**known, "study": None}
    return unnamed if read_study(unnamed).name == record.name else known  # a name of its own also names the model

"""A study that is only named: its recipe in the ledger is the configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from foldwise.config.read import read_service, read_study
from foldwise.doors.compose import Request
from foldwise.doors.start_ledger import StartLedger
from foldwise.errors import ConfigError
from foldwise.spec.base import Spec
from foldwise.spec.places import LedgerSpec, Paths

# Sections that do not change the numbers of a study, so they can be given beside its name.
_SECTIONS = (
    *("study", "register", "replay", "budget", "ledger", "tracking", "paths"),
    *("notify", "notify_private", "screen"),
)


class _Places(Spec):
    ledger: LedgerSpec = LedgerSpec()
    paths: Paths = Paths()


def start_ledger(request: Request, notify: Callable[[str], None]) -> StartLedger:
    """The ledger that a request for a study names, not opened yet.

    Raises:
        ConfigError: its address or its folder is wrong.
    """
    places = read_service(_Places, {key: request.config[key] for key in _Places.model_fields if key in request.config})
    return StartLedger(places.ledger.url, places.paths.runs, notify)


def only_names(keys: Iterable[str]) -> bool:
    """Whether these dotted keys name a study and set nothing that its numbers depend on."""
    first = [key.partition(".")[0] for key in keys]
    return "study" in first and all(word in _SECTIONS for word in first)


def load_recipe(request: Request, ledger: StartLedger) -> dict[str, Any]:
    """The configuration of the study of that name in the ledger if the request only names one, else the request's own.

    A total of trials that is not given stays as it was.

    Raises:
        ConfigError: the rows of the study came from Python.
    """
    config = request.config
    if not only_names(request.keys) or not (ledger.is_file or ledger.is_elsewhere):
        return config
    record = ledger.open().study(str(config["study"]))
    if record is None:
        return config
    if record.recipe["data"].get("kind") == "frame":
        rule = (
            f"{record.name!r} was made from a DataFrame, so only Python can go on with it: foldwise.tune(frame=..., study=...)"
        )
        raise ConfigError("study", rule)
    known: dict[str, Any] = {**config, **record.recipe}
    if record.asked is not None and not {"budget", "budget.trials"} & set(request.keys):
        known["budget"] = {**(known.get("budget") or {}), "trials": record.asked}
    if (
        record.summary is not None
        and record.summary.ended == "converged"
        and not {"budget", "budget.converged"} & set(request.keys)
    ):
        known["budget"] = {**(known.get("budget") or {}), "converged": True}
    unnamed = {**known, "study": None}
    return unnamed if read_study(unnamed).name == record.name else known  # a name of its own also names the model

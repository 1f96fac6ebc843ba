"""The list door: studies, models and jobs from the ledger, without MLflow."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING, Any

from foldwise.config.read import read_service
from foldwise.doors.assemble import ledger_at, require_ledger
from foldwise.doors.command_line import show
from foldwise.doors.screen import Screen
from foldwise.spec.services import ListSpec
from foldwise.system.numbers import score, shown
from foldwise.system.redact import without_password

if TYPE_CHECKING:
    from foldwise.ledger.ledger import Ledger
    from foldwise.ledger.overview import StudyLine
    from foldwise.ledger.promotions import Promotion

Row = dict[str, Any]
Jobs = Callable[[ListSpec], list[Row]]

NUMBERS = ("trials", "asked", "score", "holdout", "seconds", "champion", "newest", "psi")
CHAMPION = "champion"


def list_here(config: Mapping[str, Any], jobs: Jobs) -> None:
    """Print what is asked for; `jobs` lists those of the scheduler, which is above this room.

    Raises:
        ConfigError: an option is wrong, or nothing was tuned there.
    """
    asked = read_service(ListSpec, config)
    found = listed(asked, jobs)
    screen = Screen()
    if asked.format == "json":
        show(without_password(json.dumps(found, indent=2, ensure_ascii=False)))
        return
    for kind, rows in found.items():
        if not rows:
            screen.note(f"no {kind}")
            continue
        columns = list(rows[0])
        words = [column for column in columns if column not in NUMBERS]
        screen.listed(columns, [[_cell(column, value) for column, value in row.items()] for row in rows], words)
        screen.note("")


def listed(asked: ListSpec, jobs: Jobs) -> dict[str, list[Row]]:
    """Kind -> rows of plain values.

    Raises:
        ConfigError: nothing was tuned there.
    """
    kinds = ("studies", "models", "jobs") if asked.kind is None else (asked.kind,)
    found: dict[str, list[Row]] = {}
    if kinds != ("jobs",):
        require_ledger(asked.ledger.url, asked.paths.runs)
        with closing(ledger_at(asked.ledger.url, asked.paths.runs, lambda sentence: None)) as ledger:
            of = {"studies": lambda: _studies(ledger, asked.count), "models": lambda: _models(ledger)}
            found = {kind: of[kind]() for kind in kinds if kind in of}
    if "jobs" in kinds:
        found["jobs"] = jobs(asked)
    return found


def _studies(ledger: Ledger, count: int) -> list[Row]:
    return [_study(line, ledger.overview.is_local) for line in ledger.overview.studies(count)]


def _study(line: StudyLine, is_local: bool) -> Row:
    summary = line.summary
    asked = summary.trials.asked if summary is not None and line.asked is None else line.asked
    best = line.best if summary is None else summary.best.mean
    model = None if summary is None else summary.model
    return {
        "study": line.name,
        "state": _state(line, is_local),
        "trials": line.done,
        "asked": asked,
        "metric": None if line.goal is None else line.goal.metric,
        "score": best,
        "holdout": None if summary is None else summary.held(summary.goal.metric),
        "verdict": None if summary is None else summary.answer or "-",
        "model": None if model is None or model.version is None else f"{model.name}/{model.version}",
        "seconds": None if summary is None else summary.seconds.get("total"),
        "began": _moment(line.created),
        "by": (line.holder or {}).get("user"),
    }


def _state(line: StudyLine, is_local: bool) -> str:
    """As the home shows it; of a study that an earlier version ran, `running` if its process is alive, else `unfinished`."""
    from foldwise.ledger.standing import Watch

    if line.live is not None:
        return Watch().standing(line, line.live).state
    if (line.finished is None or "RUNNING" in line.trials) and is_local and _is_alive((line.holder or {}).get("pid")):
        return "running"
    return "unfinished" if line.finished is None else "finished"


def _is_alive(pid: int | None) -> bool:
    if pid is None:
        return False
    try:
        os.kill(pid, 0)
    except PermissionError:  # another user's
        return True
    except OSError:
        return False
    return True


def _models(ledger: Ledger) -> list[Row]:
    overview = ledger.overview
    versions = overview.versions()
    return [
        _model(ledger, key, [(line.version, line.study) for line in versions if line.model == key]) for key in overview.models()
    ]


def _model(ledger: Ledger, key: str, versions: Sequence[tuple[int, str]]) -> Row:
    champion = next(iter(ledger.promotions.history(key)), None)
    number = champion.version if champion is not None else _first_champion(ledger, versions)
    last = next(reversed(ledger.versions.retrainings(key)), None)
    summary: Mapping[str, Any] = (last.summary if last is not None else None) or {}
    evidence = summary.get("evidence")
    drift = next(iter(summary.get("drift") or []), None)
    return {
        "model": key.partition("#")[0],
        "champion": number,
        "since": None if champion is None else _moment(champion.moment),
        "by": None if champion is None else _by(champion),
        "why": None if champion is None else champion.why,
        "newest": max((version for version, _ in versions), default=None),
        "last": None if last is None or last.ended is None else f"{last.outcome} {_moment(last.ended)}",
        "evidence": None if not evidence else f"{shown(evidence['value'], digits=2)} of {shown(evidence['needed'])}",
        "psi": None if drift is None else drift["psi"],
        "drift": None if drift is None else drift["column"],
    }


def _by(champion: Promotion) -> str:
    user = champion.who.get("user")
    return champion.kind if user is None else f"{champion.kind} ({user})"


def _first_champion(ledger: Ledger, versions: Sequence[tuple[int, str]]) -> int | None:
    """The champion of a model that no retraining has touched yet: the version that was registered as such."""
    for version, study in versions:
        record = ledger.study(study)
        if record is not None and record.summary is not None and CHAMPION in record.summary.model.aliases:
            return version
    return None


def _moment(moment: datetime) -> str:
    return moment.isoformat(" ", "minutes").removesuffix("+00:00")


def _cell(column: str, value: Any) -> str:
    if value is None:
        return "-"
    if column == "seconds":
        return f"{value:.1f}"
    if isinstance(value, float):
        return score(value)
    return str(value)

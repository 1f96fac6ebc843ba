"""The remove door: delete a study, or old output of jobs. Without `confirm=true` it only shows what would go."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foldwise.config.read import read_service
from foldwise.doors.assemble import ledger_at, require_ledger
from foldwise.doors.screen import Screen
from foldwise.errors import ConfigError
from foldwise.spec.services import RemoveSpec
from foldwise.system.known_words import did_you_mean
from foldwise.system.numbers import counted

if TYPE_CHECKING:
    from foldwise.ledger.ledger import Ledger
    from foldwise.tracking.mlflow_removal import MlflowRemoval

DAY_SECONDS = 86_400
AGAIN = "nothing was deleted; the same command with confirm=true deletes it"


@dataclass(frozen=True)
class Doomed:
    """A study to delete. made: its registered versions (identity of the model, name, version), and which of them are champions.

    runs: its runs in MLflow. files: folders that belong to it alone.
    """

    name: str
    made: Mapping[str, tuple[str, int]]
    champions: frozenset[str]
    runs: tuple[str, ...]
    files: tuple[Path, ...]


def remove(config: Mapping[str, Any]) -> None:
    """Show what would be deleted and its bytes; with `confirm` delete it.

    Raises:
        ConfigError: no such study, or it made a champion that is not named in `models`.
        JobError: a study is being run, or MLflow or the ledger fails.
    """
    asked = read_service(RemoveSpec, config)
    runs = Path(asked.paths.runs).resolve()
    require_ledger(asked.ledger.url, asked.paths.runs)
    screen = Screen()
    with closing(ledger_at(asked.ledger.url, str(runs), screen.note)) as ledger:
        if asked.what == "logs":
            _logs(asked, runs, ledger, screen)
        elif asked.what == "job_runs":
            _job_runs(asked, ledger, screen)
        else:
            _studies(asked, runs, ledger, screen)


def _studies(asked: RemoveSpec, runs: Path, ledger: Ledger, screen: Screen) -> None:
    from foldwise.ledger.study_lock import lock_study

    mlflow = _mlflow(asked, runs)
    known = ledger.names()
    for name in asked.studies:
        _check_place(name, runs, ledger, asked, mlflow)
    doomed = [_doomed(name, known, runs, ledger, mlflow) for name in asked.studies]
    _check_models(asked, doomed)
    for study in doomed:
        kept = [version for version in study.made if version not in asked.models]
        gone = [version for version in study.made if version in asked.models]
        files = _distinct([*study.files, *(mlflow.model_files(version) for version in gone if mlflow is not None)])
        parts = [
            f"{_bytes(sum(map(_size, files)))} in {counted(len(files), 'folder')}",
            f"{counted(len(study.runs), 'run')} in MLflow",
        ]
        parts += [f"model {version}" for version in gone]
        stays = f"; the registered {', '.join(kept)} stays" if kept else ""
        screen.note(f"study {study.name}: {', '.join(parts)}{stays}")
    if not asked.confirm:
        screen.note(AGAIN)
        return
    with ExitStack() as locks:
        for study in doomed:  # all of them first, so that either none is running or nothing is deleted
            locks.enter_context(lock_study(runs / "studies" / study.name / "lock"))
            ledger.lead(study.name)
        for study in doomed:
            _delete(study, asked, runs, ledger, mlflow)
            screen.note(f"study {study.name} is deleted")


def _delete(study: Doomed, asked: RemoveSpec, runs: Path, ledger: Ledger, mlflow: MlflowRemoval | None) -> None:
    """Delete a study that this process leads: its folder last, so that a start after a kill can go on."""
    if mlflow is not None:
        for version in sorted(study.made.keys() & set(asked.models)):
            mlflow.delete_model(version)
            ledger.versions.remove(*study.made[version])
        mlflow.delete_runs(study.runs)
    ledger.remove_study(study.name)
    shutil.rmtree(runs / "studies" / study.name)


def _check_place(name: str, runs: Path, ledger: Ledger, asked: RemoveSpec, mlflow: MlflowRemoval | None) -> None:
    """Refuse a study whose files would stay, or whose champion cannot be looked up."""
    folder = runs / "studies" / name
    if folder.is_symlink():
        rule = f"{folder} is a link, so its files would stay; remove the link, and move the folder here if its files shall go"
        raise ConfigError("study", rule)
    if folder.exists() and not folder.is_dir():
        raise ConfigError("study", f"{folder} is not a folder; remove or rename it")
    asks = mlflow is None and asked.tracking.kind == "mlflow"
    made = [(model, version) for model, version in ledger.versions.of_study(name) if asks and "#" in model]  # else in memory
    if made:
        shown = ", ".join(f"{model.rpartition('#')[0]}/{version}" for model, version in made)
        rule = f"{name} made {shown}, and {runs / 'mlflow.db'}, which knows whether that is a champion, is gone"
        raise ConfigError("study", f"{rule}; put it back, or give tracking=in_memory to delete the study without it")


def _doomed(name: str, known: list[str], runs: Path, ledger: Ledger, mlflow: MlflowRemoval | None) -> Doomed:
    folder, record = runs / "studies" / name, ledger.study(name)
    if record is None and not folder.is_dir():
        raise ConfigError("study", f"no study is called {name!r}{did_you_mean(name, known)}")
    rows = [] if record is None else ledger.trials(name)
    ids = [] if record is None else [record.run_id, *(row.shipped for row in rows)]
    present = () if mlflow is None else mlflow.present(tuple(run for run in ids if run is not None))
    made = {} if mlflow is None else mlflow.registered(ledger.versions.of_study(name))
    champions = frozenset() if mlflow is None else frozenset(filter(mlflow.is_champion, made))
    files = [folder] if folder.is_dir() else []
    files += [] if mlflow is None else [place for run in present if (place := mlflow.run_files(run)) is not None]
    return Doomed(name, made, champions, present, tuple(files))


def _check_models(asked: RemoveSpec, doomed: list[Doomed]) -> None:
    made = [version for study in doomed for version in study.made]
    for version in asked.models:
        if version not in made:
            rule = f"{version} was not made by {', '.join(asked.studies)}, or is gone"
            raise ConfigError("models", f"{rule}; made and registered: {', '.join(made) or 'none'}")
    for study in doomed:
        for version in sorted(study.champions - set(asked.models)):
            rule = f"{study.name} made {version}, a champion that could not be retrained any more"
            raise ConfigError("study", f"{rule}; promote another version first, or delete it too: models=[{version}]")


def _logs(asked: RemoveSpec, runs: Path, ledger: Ledger, screen: Screen) -> None:
    before, running = time.time() - asked.older_than * DAY_SECONDS, ledger.job_runs.open_logs()
    logs = [path for path in sorted((runs / "jobs").glob("*/*.log")) if path.is_file() and not path.is_symlink()]
    logs = [path for path in logs if path.stat().st_mtime < before and str(path) not in running]
    screen.note(
        f"logs of jobs, older than {asked.older_than:g} days: {counted(len(logs), 'file')}, {_bytes(sum(map(_size, logs)))}"
    )
    if not asked.confirm:
        screen.note(AGAIN)
        return
    for path in logs:
        path.unlink(missing_ok=True)
    screen.note(f"deleted: {counted(len(logs), 'file')}")


def _job_runs(asked: RemoveSpec, ledger: Ledger, screen: Screen) -> None:
    import json

    rows = ledger.job_runs.old(datetime.now(UTC) - timedelta(days=asked.older_than))
    size = sum(len(json.dumps(vars(row), default=str)) for row in rows)
    screen.note(f"runs of jobs, older than {asked.older_than:g} days: {counted(len(rows), 'row')}, about {_bytes(size)}")
    if not asked.confirm:
        screen.note(AGAIN)
        return
    ledger.job_runs.remove(rows)
    screen.note(f"deleted: {counted(len(rows), 'row')}")


def _mlflow(asked: RemoveSpec, runs: Path) -> MlflowRemoval | None:
    """What deletes in MLflow; None if there is no MLflow."""
    if asked.tracking.kind == "in_memory" or (asked.tracking.url is None and not (runs / "mlflow.db").exists()):
        return None
    from foldwise.tracking.mlflow_removal import MlflowRemoval
    from foldwise.tracking.mlflow_store import mlflow_store

    return MlflowRemoval(mlflow_store(runs, asked.tracking.url))


def _distinct(files: list[Path | None]) -> list[Path]:
    return list(dict.fromkeys(path for path in files if path is not None))


def _size(path: Path) -> int:
    """The bytes of a file, or of all files in a folder; links are not followed."""
    if path.is_dir() and not path.is_symlink():
        return sum(map(_size, path.iterdir()))
    return path.lstat().st_size


def _bytes(count: float) -> str:
    if count < 1000:
        return f"{count:.0f} bytes"
    return f"{count / 1e3:.1f} kB" if count < 1e6 else f"{count / 1e6:.1f} MB"

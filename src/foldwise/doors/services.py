"""The doors that use finished studies: models that answer rows, pages that show trials."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foldwise.config.read import read_service
from foldwise.doors.assemble import ledger_at
from foldwise.doors.screen import Screen
from foldwise.errors import ConfigError
from foldwise.system.command import door_command
from foldwise.system.garbage import uncollected
from foldwise.system.keras_backend import USUAL, Backend, for_answers, is_installed

if TYPE_CHECKING:
    from foldwise.bundle.bundle import Bundle
    from foldwise.tracking.registry import Registry

# One file is answered at a time; more threads gain nothing on networks of this size.
PREDICT_THREADS = 2


def load_model(
    reference: str,
    runs: str = "mlruns",
    url: str | None = None,
    notify: Callable[[str], object] | None = None,
    ledger_url: str | None = None,
    backend: Backend | None = None,
) -> Bundle:
    """The bundle of `name@alias` or `name/version`; its files must have the hashes in the ledger.

    Args:
        reference: the model.
        runs: the folder that studies write to.
        url: MLflow's store, if it is not in `runs`.
        notify: as in `load_bundle`.
        ledger_url: the ledger, if it is not in `runs`.
        backend: as in `load_version`.

    Raises:
        ConfigError: the model does not exist.
        JobError: one of its files was changed, or it gives other answers than when it was saved.
    """
    registry = open_registry(reference, runs, url)
    return load_version(registry, *registry.number(reference), runs, ledger_url, notify, backend)


def open_registry(reference: str, runs: str, url: str | None) -> Registry:
    """The registry of a model that is going to be loaded.

    Raises:
        ConfigError: the reference has another form, or nothing was tracked there.
    """
    from foldwise.tracking.registry import read_reference

    read_reference(reference)
    refuse_empty_store(runs, url)
    with uncollected():
        from foldwise.tracking.mlflow_registry import MlflowRegistry
        from foldwise.tracking.mlflow_store import mlflow_store

    return MlflowRegistry(mlflow_store(Path(runs), url))


def load_version(
    registry: Registry,
    name: str,
    number: int,
    runs: str,
    ledger_url: str | None,
    notify: Callable[[str], object] | None,
    backend: Backend | None = None,
) -> Bundle:
    """The bundle of a version; its files must have the hashes in the ledger.

    Keras starts on the backend of this process, of KERAS_BACKEND, or the one that trained the model, unless one is given.

    Raises:
        JobError: as `load_model`.
    """
    from foldwise.bundle.card import backend_of

    files = _registered_files(registry, name, number, runs, ledger_url)
    folder = registry.fetch(f"{name}/{number}")
    made_on = backend_of(folder)
    chosen = backend or for_answers(made_on)
    if notify is not None and not is_installed(made_on):
        notify(f"{name}/{number} was trained on {made_on}, which is not installed here, so it answers on {chosen}")
    from foldwise.training.runtime import start

    start(PREDICT_THREADS, or_as_it_runs=True, backend=chosen)
    from foldwise.bundle.bundle import load_bundle

    return load_bundle(folder, files, notify)


def _registered_files(
    registry: Registry, name: str, number: int, runs: str, ledger_url: str | None
) -> Mapping[str, str] | None:
    """The hashes that a version was registered with; None if it is in no ledger."""
    key = registry.identity(name)
    if key is None or (ledger_url is None and not (Path(runs) / "ledger.db").exists()):
        return None
    with closing(ledger_at(ledger_url, runs, lambda sentence: None)) as ledger:
        row = ledger.versions.version(key, number)
    return None if row is None else row.files


def predict_file(config: Mapping[str, Any]) -> None:
    """Answer the rows of one file into another, and score the answers if the target is among the columns."""
    from foldwise.bundle.predict_file import answer_file, check_files
    from foldwise.spec.services import PredictSpec

    asked = read_service(PredictSpec, config)
    check_files(asked)
    screen = Screen()
    answer_file(
        asked, lambda: load_model(asked.model, asked.paths.runs, asked.tracking.url, screen.note, asked.ledger.url), screen
    )


def export_model(config: Mapping[str, Any]) -> None:
    """Write a registered model's network in a format that other servers read."""
    from foldwise.bundle.export_formats import check_export
    from foldwise.spec.services import ExportSpec

    asked = read_service(ExportSpec, config)
    check_export(Path(asked.output), asked.format)
    screen = Screen()
    bundle = load_model(asked.model, asked.paths.runs, asked.tracking.url, screen.note, asked.ledger.url, USUAL)
    folder = bundle.export(asked.output, asked.format)
    screen.note(f"{asked.model} is written to {folder} as {asked.format}; its answers there equal those here")


def refuse_empty_store(runs: str, url: str | None) -> None:
    """Refuse a folder in which nothing was tracked.

    Raises:
        ConfigError: `runs` holds no store of MLflow.
    """
    if url is None and not (Path(runs) / "mlflow.db").exists():
        raise ConfigError("paths.runs", f"{Path(runs).resolve()} holds no mlflow.db; run {door_command('tune')} first")

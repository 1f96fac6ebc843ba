"""The doors that use finished studies: models that answer rows, pages that show trials."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foldwise.config.read import read_service
from foldwise.doors.assemble import ledger_at, require_ledger
from foldwise.doors.screen import Screen
from foldwise.errors import ConfigError
from foldwise.system.command import door_command

if TYPE_CHECKING:
    from foldwise.bundle.bundle import Bundle
    from foldwise.ledger.ledger import Ledger
    from foldwise.tracking.registry import Registry

# One file is answered at a time; more threads gain nothing on networks of this size.
PREDICT_THREADS = 2
LATEST = 5  # studies whose compare pages `ui` names
KIND = "workflowType=machine_learning"  # else MLflow opens its pages for language models


def load_model(
    reference: str,
    runs: str = "mlruns",
    url: str | None = None,
    notify: Callable[[str], object] | None = None,
    ledger_url: str | None = None,
) -> Bundle:
    """The bundle of `name@alias` or `name/version`; its files must have the hashes in the ledger.

    Args:
        reference: the model.
        runs: the folder that studies write to.
        url: MLflow's store, if it is not in `runs`.
        notify: as in `load_bundle`.
        ledger_url: the ledger, if it is not in `runs`.

    Raises:
        ConfigError: the model does not exist.
        JobError: one of its files was changed, or it gives other answers than when it was saved.
    """
    registry = open_registry(reference, runs, url)
    return load_version(registry, *registry.number(reference), runs, ledger_url, notify)


def open_registry(reference: str, runs: str, url: str | None) -> Registry:
    """The registry of a model that is going to be loaded; TensorFlow has started.

    Raises:
        ConfigError: the reference has another form, or nothing was tracked there.
    """
    from foldwise.tracking.registry import read_reference

    read_reference(reference)
    refuse_empty_store(runs, url)
    from foldwise.training.runtime import start

    start(PREDICT_THREADS, or_as_it_runs=True)
    from foldwise.tracking.mlflow_registry import MlflowRegistry
    from foldwise.tracking.mlflow_store import mlflow_store

    return MlflowRegistry(mlflow_store(Path(runs), url))


def load_version(
    registry: Registry, name: str, number: int, runs: str, ledger_url: str | None, notify: Callable[[str], object] | None
) -> Bundle:
    """The bundle of a version; its files must have the hashes in the ledger.

    Raises:
        JobError: as `load_model`.
    """
    from foldwise.bundle.bundle import load_bundle

    files = _registered_files(registry, name, number, runs, ledger_url)
    return load_bundle(registry.fetch(f"{name}/{number}"), files, notify)


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
    bundle = load_model(asked.model, asked.paths.runs, asked.tracking.url, screen.note, asked.ledger.url)
    folder = bundle.export(asked.output, asked.format)
    screen.note(f"{asked.model} is written to {folder} as {asked.format}; its answers there equal those here")


def serve_ui(config: Mapping[str, Any]) -> None:
    """Serve MLflow's pages on the store of the configuration until Ctrl-C."""
    from foldwise.spec.services import UiSpec, is_loopback

    asked = read_service(UiSpec, config)
    runs, url = asked.paths.runs, asked.tracking.url
    served = url is not None and url.startswith(("http://", "https://"))
    has_ledger = asked.ledger.url is not None or (Path(runs) / "ledger.db").exists()
    if not has_ledger:  # a study that never reached MLflow has a ledger only
        refuse_empty_store(runs, url)
    screen = Screen()
    from foldwise.system.redact import without_password

    base = without_password(url).rstrip("/") if url and served else asked.address
    if has_ledger:
        from foldwise.doors.shipping import ship_others

        with closing(ledger_at(asked.ledger.url, runs, screen.note)) as ledger:
            ship_others(ledger, asked.tracking, runs, screen.note)
            for line in _compare_pages(ledger, runs, base):
                screen.note(line)
    if served:
        screen.note(f"MLflow's server is at {base}")
        return
    from foldwise.tracking.mlflow_store import mlflow_store
    from foldwise.tracking.mlflow_ui import serve

    if not is_loopback(asked.host):
        screen.note(
            f"warning: anyone who reaches {asked.host}:{asked.port} can read, change and delete every run; it has no password"
        )
    serve(mlflow_store(Path(runs), url), asked.host, asked.port, asked.address, screen.note)


def _compare_pages(ledger: Ledger, folder: str, base: str) -> list[str]:
    """The addresses of the latest studies' compare pages, in MLflow and as files."""
    from foldwise.tracking.mlflow_rows import VIEW

    lines = []
    for name in ledger.names()[:LATEST]:
        record = ledger.study(name)
        path = Path(folder).resolve() / "studies" / name / "compare.html"
        if record is not None and path.exists():
            lines.append(f"study {name}: {path.as_uri()}")
            if place := record.summary and record.summary.mlflow:
                runs = f"{base}/#/experiments/{place.experiment_id}/runs"
                lines.append(f"  compare in MLflow: {runs}/{place.run_id}/artifacts/compare.html?{KIND}")
                lines.append(f"  trials in MLflow:  {runs}?viewStateShareKey={VIEW}&{KIND}")
    return lines


def compare_studies(config: Mapping[str, Any]) -> None:
    """Write a page beside the first study's files, or print a table."""
    from foldwise.spec.services import CompareSpec

    asked = read_service(CompareSpec, config)
    require_ledger(asked.ledger.url, asked.paths.runs)
    from foldwise.report.compare_page import as_text, read_studies, write_page

    screen = Screen()
    with closing(ledger_at(asked.ledger.url, asked.paths.runs, screen.note)) as ledger:
        studies, goal = read_studies(ledger, asked.studies)
    if asked.format == "text":
        screen.compared(*as_text(studies, goal, asked.trials))
        return
    path = Path(asked.paths.runs).resolve() / "studies" / asked.studies[0] / "compare.html"
    write_page(path, studies, goal)
    screen.note(f"written: {path}")


def refuse_empty_store(runs: str, url: str | None) -> None:
    """Refuse a folder in which nothing was tracked.

    Raises:
        ConfigError: `runs` holds no store of MLflow.
    """
    if url is None and not (Path(runs) / "mlflow.db").exists():
        raise ConfigError("paths.runs", f"{Path(runs).resolve()} holds no mlflow.db; run {door_command('tune')} first")

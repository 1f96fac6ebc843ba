"""What stands behind the doors that serve what studies left: models that answer, pages that show."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foldwise.assemble import ledger_at
from foldwise.config import read_service
from foldwise.errors import ConfigError
from foldwise.screen import Screen

if TYPE_CHECKING:
    from foldwise.tracking.bundle import Bundle

# Answers are asked for one file at a time; more threads gain nothing on networks of this size.
PREDICT_THREADS = 2


def load_model(reference: str, runs: str = "mlruns", url: str | None = None) -> Bundle:
    """The bundle behind `name@alias` or `name/version` of the store in `runs`, or at `url`."""
    from foldwise.tracking.registry import read_reference

    read_reference(reference)
    refuse_empty_store(runs, url)
    from foldwise.training.runtime import start

    start(PREDICT_THREADS, or_as_it_runs=True)
    from foldwise.tracking.bundle import load_bundle
    from foldwise.tracking.mlflow_registry import MlflowRegistry
    from foldwise.tracking.mlflow_store import mlflow_store

    return load_bundle(MlflowRegistry(mlflow_store(Path(runs), url)).fetch(reference))


def predict_file(config: Mapping[str, Any]) -> None:
    """The predict door: answers the rows of a file into another, and scores them where the target is among the columns."""
    from foldwise.answers import answer_file, check_files
    from foldwise.specs import PredictSpec

    asked = read_service(PredictSpec, config)
    check_files(asked)
    answer_file(asked, lambda: load_model(asked.model, asked.paths.runs, asked.tracking.url), Screen())


def serve_ui(config: Mapping[str, Any]) -> None:
    """The ui door: MLflow's pages on the store of the configuration, until Ctrl-C."""
    from foldwise.specs import UiSpec

    asked = read_service(UiSpec, config)
    refuse_empty_store(asked.paths.runs, asked.tracking.url)
    screen = Screen()
    if asked.tracking.url is not None and asked.tracking.url.startswith("http"):
        screen.note(f"MLflow's server is at {asked.tracking.url}")
        return
    from foldwise.tracking.mlflow_store import mlflow_store
    from foldwise.tracking.mlflow_ui import serve

    serve(mlflow_store(Path(asked.paths.runs), asked.tracking.url), asked.host, asked.port, screen.note)


def compare_studies(config: Mapping[str, Any]) -> None:
    """The compare door: a page beside the first study's files, or a table on this terminal."""
    from foldwise.specs import CompareSpec

    asked = read_service(CompareSpec, config)
    if asked.ledger.url is None and not (Path(asked.paths.runs) / "ledger.db").exists():
        raise ConfigError(
            "paths.runs", f"{Path(asked.paths.runs).resolve()} holds no ledger.db; run python -m pipelines.tune first"
        )
    from foldwise.comparison import as_text, page, read_studies
    from foldwise.files import atomically

    screen = Screen()
    with closing(ledger_at(asked.ledger.url, asked.paths.runs, screen.note)) as ledger:
        studies, goal = read_studies(ledger, asked.studies)
    if asked.format == "text":
        screen.compared(*as_text(studies, goal, asked.trials))
        return
    path = Path(asked.paths.runs).resolve() / "studies" / asked.studies[0] / "compare.html"
    text = page(studies, goal)
    atomically(path, lambda part: part.write_text(text, encoding="utf-8"))
    screen.note(f"written: {path}")


def refuse_empty_store(runs: str, url: str | None) -> None:
    """Whether anything was ever tracked there.

    Raises:
        ConfigError: there is no store in `runs`.
    """
    if url is None and not (Path(runs) / "mlflow.db").exists():
        raise ConfigError("paths.runs", f"{Path(runs).resolve()} holds no mlflow.db; run python -m pipelines.tune first")

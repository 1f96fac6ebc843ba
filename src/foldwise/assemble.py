"""Names to concrete parts: the only file that says which adapter serves a word of the configuration."""

from __future__ import annotations

import platform
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from foldwise.specs import LedgerSpec, Paths, StudySpec, TpeTuner, TrackingSpec

if TYPE_CHECKING:
    from foldwise.goal import Goal
    from foldwise.tracking.ledger import Ledger
    from foldwise.tracking.registry import Registry
    from foldwise.tracking.tracker import Tracker
    from foldwise.tuning.tuner import Tuner

# Libraries whose version can change a study's numbers.
VERSIONS = ("foldwise", "keras", "tensorflow", "numpy", "scikit-learn", "imbalanced-learn", "pandas", "optuna")


def make_ledger(ledger: LedgerSpec, paths: Paths) -> Ledger:
    """The ledger that the configuration names."""
    from foldwise.tracking.ledger import open_ledger

    return open_ledger(ledger.url or f"sqlite:///{Path(paths.runs).resolve() / 'ledger.db'}")


def make_tuner(spec: StudySpec, goal: Goal) -> Tuner:
    """The tuner that the configuration names."""
    chosen, seed = spec.fixed.tuner, spec.fixed.seed
    if isinstance(chosen, TpeTuner):
        from foldwise.tuning.optuna_tuner import OptunaTuner

        return OptunaTuner(spec.space, goal, seed, chosen.startup)
    from foldwise.tuning.random_tuner import RandomTuner

    return RandomTuner(spec.space, seed)


def make_tracking(tracking: TrackingSpec, runs: str, ledger: Ledger) -> tuple[Tracker, Registry]:
    """The tracker and the registry that the configuration names."""
    if tracking.kind == "in_memory":
        from foldwise.tracking.in_memory import InMemoryRegistry, InMemoryTracker

        return InMemoryTracker(ledger), InMemoryRegistry()
    from foldwise.tracking.mlflow_registry import MlflowRegistry
    from foldwise.tracking.mlflow_store import mlflow_store
    from foldwise.tracking.mlflow_tracker import MlflowTracker

    store = mlflow_store(Path(runs), tracking.url)
    return MlflowTracker(store, ledger), MlflowRegistry(store)


def versions() -> dict[str, str]:
    """What a study's numbers may depend on beside its recipe."""
    return {"python": platform.python_version(), **{name: version(name) for name in VERSIONS}}

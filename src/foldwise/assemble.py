"""Names to concrete parts: the only file that says which adapter serves a word of the configuration."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from foldwise.errors import ConfigError
from foldwise.specs import DaskExecutor, StudySpec, TpeTuner, TrackingSpec

if TYPE_CHECKING:
    from foldwise.execution.executor import Executor
    from foldwise.goal import Goal
    from foldwise.plan import Plan
    from foldwise.tracking.ledger import Ledger
    from foldwise.tracking.registry import Registry
    from foldwise.tracking.tracker import Tracker
    from foldwise.tuning.tuner import Tuner

# Libraries whose version can change a study's numbers.
VERSIONS = ("foldwise", "keras", "tensorflow", "numpy", "scikit-learn", "imbalanced-learn", "pandas", "optuna")


def make_ledger(spec: StudySpec) -> Ledger:
    """The ledger that the configuration names."""
    from foldwise.tracking.ledger import open_ledger

    return open_ledger(spec.fixed.ledger.url or f"sqlite:///{Path(spec.fixed.paths.runs).resolve() / 'ledger.db'}")


def make_tuner(spec: StudySpec, goal: Goal) -> Tuner:
    """The tuner that the configuration names."""
    chosen, seed = spec.fixed.tuner, spec.fixed.seed
    if isinstance(chosen, TpeTuner):
        from foldwise.tuning.optuna_tuner import OptunaTuner

        return OptunaTuner(spec.space, goal, seed, chosen.startup)
    from foldwise.tuning.random_tuner import RandomTuner

    return RandomTuner(spec.space, seed)


def make_executor(
    plan: Plan,
    threads: int,
    say: Callable[[str], None],
    after_fold: Callable[[int, int], None],
    check: Callable[[], None],
) -> Executor:
    """The executor that the configuration names. TensorFlow was started in this process where trials run here.

    Args:
        plan: the study's data.
        threads: of whoever trains.
        say: hears what a person should know.
        after_fold: called with the numbers of trial and fold, where trials run here.
        check: called between epochs, where trials run here; it raises Interrupted where training is to end.

    Raises:
        ConfigError: what it takes is not installed, or nobody answers at its address.
    """
    from foldwise.trainer import Opening, trainer

    chosen, seed, limits = plan.spec.fixed.execute, plan.spec.fixed.seed, plan.spec.fixed.budget.limits
    if isinstance(chosen, DaskExecutor):
        try:
            from foldwise.execution import dask_cluster
            from foldwise.execution.dask_executor import DaskExecutor as Remote
        except ImportError as fault:
            rule = f"dask needs the extra cluster ({fault}); pip install 'foldwise[cluster]', or take execute=here"
            raise ConfigError("execute.kind", rule) from None
        place, folds = chosen.address, plan.folder / "folds"
        shutil.rmtree(folds, ignore_errors=True)  # what a killed start left, perhaps of other versions
        cluster = dask_cluster.SharedCluster(place) if place else dask_cluster.LocalCluster(chosen.workers, threads, folds)
        opening = Opening(plan.table, plan.splits, seed, threads, limits, None if place else folds)
        return Remote(cluster, opening, say, limits)
    from foldwise.execution.here import HereExecutor

    return HereExecutor(trainer(plan.table, plan.splits, seed, say, limits, None, after_fold, check))


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

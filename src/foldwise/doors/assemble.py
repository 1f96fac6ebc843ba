"""From names to concrete parts: the only file that knows which class belongs to a word of the configuration."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from foldwise.config.option_names import Readable
from foldwise.errors import ConfigError
from foldwise.spec.execute import DaskExecutor
from foldwise.spec.places import TrackingSpec
from foldwise.spec.space import FloatRange
from foldwise.spec.study import StudySpec
from foldwise.spec.tuner import GridTuner as GridTunerSpec
from foldwise.spec.tuner import OptunaSpec
from foldwise.spec.tuner import RandomTuner as RandomTunerSpec
from foldwise.system.command import door_command
from foldwise.system.garbage import uncollected
from foldwise.system.held_files import held_of
from foldwise.system.keras_backend import Backend
from foldwise.system.limits import NO_LIMITS
from foldwise.system.process import usable_cores
from foldwise.trial.result import values_of

if TYPE_CHECKING:
    from foldwise.execution.executor import Executor
    from foldwise.execution.trainer import OnCurves
    from foldwise.ledger.ledger import Ledger
    from foldwise.spec.goal import Goal
    from foldwise.study.beside import Beside
    from foldwise.study.plan import Plan
    from foldwise.tracking.other_process import OtherProcess
    from foldwise.tracking.registry import Registry
    from foldwise.tracking.tracker import Tracker
    from foldwise.tuning.tuner import Tuner

# Tuners that need a library of their own, by the beginning of their kind: the library, and the extra that installs it.
TUNER_EXTRAS = {"gp": ("torch", "gp"), "kt_": ("keras_tuner", "kerastuner")}
# Tuners that learn from one goal only. Those that learn nothing take two.
ONE_GOAL = ("cmaes", "kt_bayesian", "kt_hyperband")

# Libraries whose version can change a study's numbers.
VERSIONS = ("foldwise", "keras", "{backend}", "numpy", "scikit-learn", "imbalanced-learn", "pandas", "optuna", "cmaes")


def ledger_at(
    url: str | None, runs: str, notify: Callable[[str], None], raise_if_stopped: Callable[[], None] = lambda: None
) -> Ledger:
    """The ledger at an address, by default in the folder of runs."""
    from foldwise.ledger.ledger import open_ledger

    return open_ledger(url or f"sqlite:///{Path(runs).resolve() / 'ledger.db'}", notify, raise_if_stopped)


def require_ledger(url: str | None, runs: str) -> None:
    """Refuse a folder in which nothing was tuned: opening its ledger would make an empty one.

    Raises:
        ConfigError: at paths.runs.
    """
    if url is None and not (Path(runs) / "ledger.db").exists():
        raise ConfigError("paths.runs", f"{Path(runs).resolve()} holds no ledger.db; run {door_command('tune')} first")


def check_tuner(spec: StudySpec) -> None:
    """Refuse a tuner that cannot search this space here, before anything is written.

    Raises:
        ConfigError: its library is not installed, or it does not support the ranges or goals of the study.
    """
    kind, fixed = spec.fixed.tuner.kind, spec.fixed
    for start, (library, extra) in TUNER_EXTRAS.items():
        if kind.startswith(start) and find_spec(library) is None:
            raise ConfigError("tuner.kind", f"{kind} needs {library}, which is not installed; pip install 'foldwise[{extra}]'")
    size = fixed.execute.generation
    if kind.startswith("kt_") and size not in ("auto", 1):
        rule = f"{kind} has no generations: KerasTuner may propose nothing before a trial has ended, got {size}"
        raise ConfigError("execute.generation", f"{rule}; use 1, or another tuner")
    if kind in ONE_GOAL and fixed.goals:
        raise ConfigError("tuner.kind", f"{kind} learns from one goal only; for two goals use tpe, nsga2 or gp")
    readable, ranges = Readable(spec.space), spec.space.walk()
    endless = [readable.name(name) for name, range_ in ranges if isinstance(range_, FloatRange) and range_.count() is None]
    if kind == "grid" and endless:
        rule = f"grid tries every value, and {', '.join(endless)} {'has' if len(endless) == 1 else 'have'} no step"
        raise ConfigError("tuner.kind", f"{rule}; write [float, low, high, {{step: ...}}] or [choice, ...], or use kt_grid")
    if kind == "kt_hyperband" and len(epochs := _epochs(spec)) > 1:
        rule = (
            f"kt_hyperband gives each trial its epochs, up to this, so it must be one number, got {epochs[0]} to {epochs[-1]}"
        )
        raise ConfigError("fit.epochs", rule)


def make_tuner(spec: StudySpec, goals: Sequence[Goal]) -> Tuner:
    """The tuner that the configuration names."""
    chosen, seed = spec.fixed.tuner, spec.fixed.seed
    if isinstance(chosen, RandomTunerSpec):
        from foldwise.tuning.random_tuner import RandomTuner

        return RandomTuner(spec.space, seed)
    if isinstance(chosen, GridTunerSpec):
        from foldwise.tuning.grid_tuner import GridTuner

        return GridTuner(spec.space, seed)
    if isinstance(chosen, OptunaSpec):
        from foldwise.tuning.optuna_tuner import OptunaTuner

        return OptunaTuner(spec.space, goals, seed, chosen, lambda result: values_of(result, goals))
    from foldwise.tuning.keras_tuner_tuner import KerasTunerTuner

    return KerasTunerTuner(spec.space, goals[0], seed, chosen, _epochs(spec)[-1])


def _epochs(spec: StudySpec) -> list[int]:
    """The values of fit.epochs at the ends of the ranges and at the defaults."""
    return sorted({trial.fit.epochs for trial in spec.corners})


def make_executor(
    plan: Plan,
    threads: int,
    notify: Callable[[str], None],
    after_fold: Callable[[int, int], None],
    raise_if_stopped: Callable[[], None],
    on_curves: OnCurves = lambda number, fold, curves, unit: None,
    at_once: int = 1,
    left: int = 0,
) -> Executor:
    """The executor that the configuration names. If trials run here, the backend has started in this process.

    Args:
        plan: the study's data.
        threads: of a training process.
        notify: called with sentences for the user.
        after_fold: called with the numbers of trial and fold, if trials run here.
        raise_if_stopped: called between epochs, if trials run here; raises Interrupted to end the training.
        on_curves: called with the number of a trial and the curves of one of its folds as they grow, if trials run here.
        at_once: how many trials train side by side, if they run here; the functions are then called by their threads.
        left: how many of its first jobs are trials that an earlier start did not finish.

    Raises:
        ConfigError: its library is not installed, or its address does not answer.
    """
    from foldwise.execution.trainer import Opening, trainer

    chosen, seed, limits = plan.spec.fixed.execute, plan.spec.fixed.seed, plan.spec.fixed.budget.limits
    if isinstance(chosen, DaskExecutor):
        try:
            from foldwise.execution import dask_cluster
            from foldwise.execution.dask_executor import DaskExecutor as Remote
        except ImportError as fault:
            rule = f"dask needs the extra cluster ({fault}); pip install 'foldwise[cluster]', or use execute=here"
            raise ConfigError("execute.kind", rule) from None
        place, folds = chosen.address, plan.folder / "folds"
        shutil.rmtree(folds, ignore_errors=True)  # files of a killed start, perhaps by other versions
        cluster = dask_cluster.SharedCluster(place) if place else dask_cluster.LocalCluster(chosen.workers, threads, folds)
        shared, files = None if place else folds, held_of(plan.spec.weight_files)
        opening = Opening(plan.table, plan.splits, seed, threads, limits, shared, plan.spec.fixed.paths.cache, files)
        opening = replace(opening, backend=plan.spec.fixed.training.backend)
        return Remote(cluster, opening, notify, limits)
    run = trainer(plan.table, plan.splits, seed, notify, limits, None, after_fold, raise_if_stopped, on_curves)
    if at_once > 1:
        from foldwise.execution.threads import ThreadsExecutor

        return ThreadsExecutor(run, at_once, left)
    from foldwise.execution.local import HereExecutor

    return HereExecutor(run)


def trials_at_once(plan: Plan, threads: int, generation: int) -> int:
    """How many trials train side by side in this process: two if they are small, and if the tuner proposes several together.

    A study that measures what each trial costs, for its goal or against a limit, has one at a time.

    Args:
        plan: the study.
        threads: those that the backend runs with.
        generation: the size of the study's generations.
    """
    from foldwise.study.backend import MOST_AT_ONCE
    from foldwise.study.plan import is_small

    fixed = plan.spec.fixed
    measures = len(plan.goals) > 1 or bool(fixed.goal.bounds) or fixed.budget.limits != NO_LIMITS
    can = generation > 1 and threads == 1 and usable_cores() > 1 and not measures
    return MOST_AT_ONCE if can and is_small(plan) else 1


def make_tracking(tracking: TrackingSpec, runs: str, ledger: Ledger) -> tuple[Tracker, Registry]:
    """The tracker and the registry that the configuration names."""
    if tracking.kind == "in_memory":
        from foldwise.tracking.in_memory import InMemoryRegistry, InMemoryTracker

        return InMemoryTracker(ledger), InMemoryRegistry()
    from foldwise.tracking.mlflow_registry import MlflowRegistry
    from foldwise.tracking.mlflow_store import mlflow_store
    from foldwise.tracking.mlflow_tracker import MlflowTracker

    store = mlflow_store(Path(runs), tracking.url)
    return MlflowTracker(store, ledger, tracking.curves == "folds"), MlflowRegistry(store)


def tracking_process(tracking: TrackingSpec, runs: str) -> OtherProcess | None:
    """The process of a study's MLflow, which is not started yet; None for a study that has none."""
    if tracking.kind == "in_memory":
        return None
    from foldwise.tracking.other_process import OtherProcess

    return OtherProcess("foldwise.doors.mlflow_process", (tracking, runs))


def make_tracking_beside(
    tracking: TrackingSpec, runs: str, ledger: Ledger, process: OtherProcess | None = None
) -> tuple[Tracker, Registry, Beside | None]:
    """The same in a process of its own, which does more beside.

    process: as `tracking_process` makes it, perhaps started already; None to make one.
    """
    tracker = process or tracking_process(tracking, runs)
    if tracker is None:
        return *make_tracking(tracking, runs, ledger), None
    from foldwise.tracking.other_process import DistantRegistry

    tracker.use(ledger)
    return tracker, DistantRegistry(tracker), tracker.beside


def make_registry(tracking: TrackingSpec, runs: str) -> Registry:
    """The registry that the configuration names, if it outlives the process.

    Raises:
        ConfigError: it is in memory.
    """
    if tracking.kind == "in_memory":
        raise ConfigError("tracking.kind", "in_memory keeps a model for its own process only; use mlflow")
    with uncollected():
        from foldwise.tracking.mlflow_registry import MlflowRegistry
        from foldwise.tracking.mlflow_store import mlflow_store

    return MlflowRegistry(mlflow_store(Path(runs), tracking.url))


def versions(backend: Backend) -> dict[str, str]:
    """The versions that the numbers of a study on this backend can depend on."""
    names = [name.format(backend=backend) for name in VERSIONS]
    return {"python": platform.python_version(), **{name: version(name) for name in names}}

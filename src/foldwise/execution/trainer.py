"""Trains the trials of a study in one process: this one, or a worker's."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Lock

from foldwise.data.fold_cache import FoldCache
from foldwise.data.fold_store import FoldStore
from foldwise.data.split import Split
from foldwise.data.table import Table
from foldwise.system.held_files import hold
from foldwise.system.keras_backend import Backend
from foldwise.system.limits import Limits
from foldwise.training.engine_rule import Choice
from foldwise.trial.job import TrialJob
from foldwise.trial.result import TrialResult

Notify = Callable[[str], None]
Run = Callable[[TrialJob], TrialResult]
# The number of a trial, then as `training.fold_fit` has it, without numpy.
OnCurves = Callable[[int, int, Mapping[str, Sequence[float]], float], None]


def trainer(
    table: Table,
    splits: tuple[Split, ...],
    seed: int,
    notify: Notify,
    limits: Limits,
    shared: Path | None = None,
    after_fold: Callable[[int, int], None] = lambda number, fold: None,
    raise_if_stopped: Callable[[], None] = lambda: None,
    on_curves: OnCurves = lambda number, fold, curves, unit: None,
) -> Run:
    """A function that trains a job. The backend must have been started in this process.

    Several threads may call it at once. The functions that it was given are then called from these threads, and trials that do
    not train all folds at once take turns.

    Args:
        table: the data.
        splits: the folds.
        seed: of the study.
        notify: is told which engine is used and why, once for each engine.
        limits: of a trial, checked between epochs.
        shared: a folder for prepared folds, if other processes of this machine train trials of the same study.
        after_fold: called with the numbers of trial and fold.
        raise_if_stopped: called between epochs; raises Interrupted if training has to end.
        on_curves: called with the number of a trial and the curves of one of its folds as they grow.
    """
    from foldwise.training.cross_validate import cross_validate

    store = None if shared is None else FoldStore(shared, table.images)
    cache, reported, reporting = FoldCache(table, splits, seed, store=store), set[str](), Lock()

    def notify_once(sentence: str) -> None:
        with reporting:
            if sentence.partition(":")[0] not in reported:
                notify(sentence)
            reported.add(sentence.partition(":")[0])

    def run(job: TrialJob) -> TrialResult:
        began = time.monotonic()

        def chosen(choice: Choice) -> None:
            notify_once(f"engine {choice.engine}: {choice.reason}")
            if job.race is not None and job.race.first is None and not choice.fold_by_fold:
                notify_once("race=folds: does not end trials whose folds train all at once; race=both ends them by epochs")

        def on_epoch_end() -> None:
            raise_if_stopped()
            limits.raise_if_over(time.monotonic() - began)

        def watch(fold: int) -> None:
            after_fold(job.number, fold)

        return cross_validate(job, table, splits, watch, cache, chosen, on_epoch_end, on_curves=partial(on_curves, job.number))

    return run


@dataclass(frozen=True, eq=False)
class Opening:
    """Makes another process a worker of a study: everything that it needs besides its jobs, sent to it once.

    It contains the table itself: a worker on another machine may not have the file. programs: paths.cache.
    files: sha256 -> content, of the weights that networks begin with.
    """

    table: Table
    splits: tuple[Split, ...]
    seed: int
    threads: int
    limits: Limits
    shared: Path | None
    programs: str | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    backend: Backend = "tensorflow"

    def __call__(self, notify: Notify) -> Run:
        """Start the backend there, and return the function that trains.

        Raises:
            JobError: Keras already runs there on another one, or with another number of threads.
        """
        from foldwise.training.program_cache import use_programs
        from foldwise.training.runtime import start

        for content in self.files.values():
            hold(content)
        use_programs(self.programs, notify, self.backend)
        start(self.threads, backend=self.backend)
        return trainer(self.table, self.splits, self.seed, notify, self.limits, self.shared)

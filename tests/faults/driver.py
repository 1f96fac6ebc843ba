"""A study's coordinator with its real ledger, lock and executor, whose training does no work; it is made to die.

python -m tests.faults.driver RUNS URL EXECUTOR TRIALS: EXECUTOR is a name in EXECUTORS. Ends with 0 when the
study has its summary. Each result is noted in RUNS/trained, the results that the ledger took in RUNS/committed.
"""

from __future__ import annotations

import math
import os
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

from foldwise.config.read import read_study
from foldwise.errors import FoldwiseError
from foldwise.execution.executor import Executor
from foldwise.execution.local import HereExecutor
from foldwise.ledger.ledger import open_ledger
from foldwise.ledger.study_lock import lock_study
from foldwise.spec.study import StudySpec
from foldwise.study.open_or_resume import open_or_resume
from foldwise.study.plan import Plan, plan_study
from foldwise.study.search import Parts, search
from foldwise.system.kill_points import VARIABLE, reached
from foldwise.system.signals import stoppable
from foldwise.tracking.in_memory import InMemoryTracker
from foldwise.trial.result import FoldScore, TrialResult
from foldwise.tuning.random_tuner import RandomTuner
from tests.contract.ledgers import summary
from tests.faults.processes import Processes

NAME = "faulty"


def scores(number: int) -> TrialResult:
    """What a training of that trial gives: numbers that JSON has no words for, and others that it might round."""
    folds = []
    for fold in range(2):
        mean = math.sin(1000 * number + fold)
        curves = {"loss": (math.inf, 1 / 3 + mean, math.nan), "learning_rate": (0.1 + 0.2, 1e-320, -math.inf)}
        folds.append(FoldScore(fold, mean, {"accuracy": mean, "log_loss": math.inf}, curves, 2, 0.25))
    mean = sum(fold.score for fold in folds) / 2
    return TrialResult(number, {}, "COMPLETE", tuple(folds), mean, 0.125, {"accuracy": mean}, engine="none", seconds=0.5)


def train(job: object, runs: Path, pause: float) -> TrialResult:
    """The stub: it comes by the places that cross_validate comes by, and takes a while."""
    reached("before-training")
    (runs / "began").touch()
    time.sleep(pause)
    result = scores(job.number)
    for _ in result.folds:
        reached("after-fold")
    note(runs / "trained", job.number)
    reached("after-training")
    return TrialResult(**{**vars(result), "params": job.params})


def note(path: Path, number: int) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{number}\n")
        file.flush()
        os.fsync(file.fileno())


class Watcher:
    """Notes each result that the study says it has: from then on it must never be lost."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def note(self, sentence: str) -> None:
        print(sentence, file=sys.stderr, flush=True)

    def trial_ends(self, result: TrialResult) -> None:
        note(self.folder / "committed", result.number)

    def search_starts(self, goal: object, asked: int, folds: int, finished: object) -> None: ...
    def trial_starts(self, number: int, params: object) -> None: ...
    def search_ends(self) -> None: ...
    def judged(self, summary: object) -> None: ...


def here(runs: Path, pause: float) -> HereExecutor:
    return HereExecutor(lambda job: train(job, runs, pause))


def processes(runs: Path, pause: float) -> Processes:
    return Processes(lambda job: train(job, runs, pause), 2, runs / "armed")


@dataclass(frozen=True)
class Opening:
    """Makes a dask worker one that trains like this. Where the file `armed` exists, the first one keeps FOLDWISE_KILL."""

    runs: Path
    pause: float

    def __call__(self, notify: object) -> Callable[[object], TrialResult]:
        try:
            (self.runs / "armed").unlink()
        except FileNotFoundError:
            os.environ.pop(VARIABLE, None)
        return partial(train, runs=self.runs, pause=self.pause)


def dask(runs: Path, pause: float) -> Executor:
    from foldwise.execution.dask_cluster import LocalCluster
    from foldwise.execution.dask_executor import DaskExecutor
    from tests.faults.driver import Opening  # as its workers know it, also where this file is the program

    return DaskExecutor(LocalCluster(2, threads=1), Opening(runs, pause))


EXECUTORS = {"here": here, "processes": processes, "dask": dask}


@cache
def data_half() -> Plan:
    """The plan of any such study: rows, holdout, folds and audit do not depend on where it runs."""
    return plan_study(spec(Path(tempfile.gettempdir()), 1))


def study(runs: Path, trials: int) -> Plan:
    return replace(data_half(), spec=spec(runs, trials))


def spec(runs: Path, trials: int) -> StudySpec:
    config = {
        "study": NAME,
        "data": {"kind": "sklearn", "name": "iris"},
        "model": {"kind": "mlp", "dropout": ["float", 0.0, 0.9]},
        "budget": {"trials": trials},
        "paths": {"runs": str(runs)},
        "folds": {"kind": "kfold", "count": 2},
    }
    return read_study(config)


def main(runs: Path, url: str, executor: str, trials: int, pause: float = 0.0) -> int:
    plan, watcher = study(runs, trials), Watcher(runs)
    try:
        with (
            stoppable(watcher.note) as check,
            lock_study(plan.folder / "lock"),
            closing(open_ledger(url, watcher.note, check)) as ledger,
            closing(EXECUTORS[executor](runs, pause)) as workers,
        ):
            record = open_or_resume(plan, ledger, {})
            tracker = InMemoryTracker(ledger)
            rows = ledger.trials(NAME)
            tracker.open(record, rows)
            parts = Parts(RandomTuner(plan.spec.space, 0), workers, ledger, tracker, watcher, check)
            found = search(plan, parts, rows)
            ledger.finish_study(NAME, summary(study=NAME, ended=found.ended))
    except FoldwiseError as fault:
        print(f"error: {fault}", file=sys.stderr)
        return fault.exit_code
    watcher.note(f"done: {len(found.results)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])))

"""The gain from workers: two dask processes on this machine against one, and sixty-four that only sleep.

The first: a study of small networks whose trials take some seconds, one thread each, after the workers have begun; trials an
hour of two workers over those of one. The second: how much of the time the workers of a large cluster are busy.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.measure import report
from foldwise.config.read import read_study
from foldwise.doors.assemble import make_executor
from foldwise.doors.compose import compose_study
from foldwise.execution.dask_cluster import LocalCluster
from foldwise.execution.dask_executor import DaskExecutor
from foldwise.execution.dask_worker import Notify, Run
from foldwise.study.plan import Plan, plan_study
from foldwise.trial.job import TrialJob
from foldwise.trial.result import TrialResult
from foldwise.tuning.random_tuner import RandomTuner

WORDS = ["data=digits", "tuner=random", "folds.count=5", "execute=dask", "execute.threads=1", "model.hidden=2"]
WORDS += ["fit.early_stop.patience=null"]
# Enough epochs for a trial of more than 5 s.
EPOCHS = {"fused": 600, "keras": 40}
LEAST_GAIN, LEAST_BUSY = 1.6, 0.9


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--trials", type=int, default=20)
    options.add_argument("--sleepers", type=int, default=64)
    options.add_argument("--seconds", type=float, default=10.0)
    options.add_argument("--rounds", type=int, default=3)
    asked = options.parse_args()
    rows, figures, gains = [], dict[str, Any](trials=asked.trials, sleep=asked.seconds), []
    for engine in EPOCHS:
        one, two = (rate(workers, asked.trials, engine) for workers in (1, 2))
        rows.append([f"engine {engine}, trials an hour, 1 worker", f"{one:.0f}", ""])
        rows.append([f"engine {engine}, trials an hour, 2 workers", f"{two:.0f}", f"{two / one:.2f}x (at least {LEAST_GAIN}x)"])
        gains.append(f"{two / one:.2f}x ({engine})")
        figures[engine] = {"one": one, "two": two}
    figures["busy"] = busy = busy_share(asked.sleepers, asked.seconds, asked.rounds)
    rows.append([f"{asked.sleepers} workers busy", f"{100 * busy:.1f} %", f"(at least {100 * LEAST_BUSY:.0f} %)"])
    report("workers", ("what", "figure", "asked"), rows, f"two workers do {' and '.join(gains)} the trials of one", figures)


def rate(workers: int, trials: int, engine: str) -> float:
    """Trials an hour, after every worker has trained one."""
    with tempfile.TemporaryDirectory() as folder:
        words = [*WORDS, f"execute.workers={workers}", f"training.engine={engine}", f"fit.epochs={EPOCHS[engine]}"]
        words.append(f"paths.runs={folder}")
        plan = plan_study(read_study(compose_study(words)))
        executor = make_executor(plan, 1, lambda sentence: None, lambda number, fold: None, lambda: None)
        try:
            tuner = RandomTuner(plan.spec.space, 0)
            jobs = [plan.job(number, tuner.ask(number)) for number in range(trials)]
            for future in [executor.submit(job) for job in jobs[:workers]]:
                future.result()
            began = time.perf_counter()
            results = [future.result() for future in [executor.submit(job) for job in jobs]]
            seconds = time.perf_counter() - began
        finally:
            executor.close()
    assert all(result.state == "COMPLETE" for result in results), [result.reason for result in results]
    print(f"engine {engine}, {workers} workers: {trials} trials in {seconds:.1f} s, {seconds * workers / trials:.1f} s a trial")
    return 3600 * trials / seconds


@dataclass(frozen=True)
class Sleeping:
    """Opens a worker whose trials sleep."""

    seconds: float

    def __call__(self, notify: Notify) -> Run:
        """A worker whose trials sleep."""

        def sleep(job: TrialJob) -> TrialResult:
            time.sleep(self.seconds)
            return TrialResult(job.number, job.params, "COMPLETE", mean=0.0, sd=0.0, seconds=self.seconds)

        return sleep


def busy_share(workers: int, seconds: float, rounds: int) -> float:
    """The share of time that workers sleep once all have begun, with jobs from the coordinator."""
    plan = _small_plan()
    executor = DaskExecutor(LocalCluster(workers, 1), Sleeping(seconds))
    number, futures = 0, set[Future[TrialResult]]()
    ends: list[float] = []
    try:
        while len(ends) < workers * (rounds + 1):
            while len(futures) < executor.slots and number < workers * (rounds + 1):
                futures.add(executor.submit(plan.job(number, plan.spec.space.defaults())))
                number += 1
            done, futures = wait(futures, return_when=FIRST_COMPLETED)
            ends += [time.perf_counter()] * len(done)
    finally:
        executor.close()
    warm = ends[workers - 1]  # every worker has begun
    return seconds * workers * rounds / (workers * (ends[-1] - warm + _ahead(ends[:workers], warm)))


def _ahead(first: list[float], warm: float) -> float:
    """Mean seconds that workers had spent on their second trial when the last one ended its first."""
    return sum(warm - end for end in first) / len(first)


def _small_plan() -> Plan:
    return plan_study(read_study(compose_study(["data=iris", f"paths.runs={Path(tempfile.gettempdir()) / 'unused'}"])))


if __name__ == "__main__":
    main()

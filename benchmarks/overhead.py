"""What foldwise adds to training: milliseconds a trial for ask, ledger, tell and MLflow, and memory over 300 real trials.

Time: training does no work and returns a real trial's five folds with curves of 30 epochs; the rest is the path of
`python -m pipelines.tune`, until MLflow has taken everything. It is compared with the bare parts, by hand: Optuna in memory
with the same sampler, one committed SQLite row, and MLflow's three calls with the same numbers. Windows start at a level;
earlier trials are filled in: the same results in both tuners, rows in both SQLite files, and copies of one shipped run in
both MLflow stores.

Memory: trials of Iris in five folds whose depths, widths and batch sizes differ, in a separate process (Linux).
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.measure import median, report
from benchmarks.overhead_bare import SEED, STARTUP, BareMlflow, Window, bare_optuna, bare_row, copy_run, repeated, score
from benchmarks.space import IRIS, study_of
from foldwise.config.read import trial_at
from foldwise.doors import assemble
from foldwise.execution.local import HereExecutor
from foldwise.ledger.rows import TrialRow
from foldwise.spec.space import Params
from foldwise.study.open_or_resume import open_or_resume
from foldwise.study.plan import Plan, plan_study, threads_of
from foldwise.study.search import Parts, search
from foldwise.trial.job import TrialJob
from foldwise.trial.result import TrialResult

LEVELS, TRIALS = (100, 1_000, 5_000), 300
MOST_RATIO, MOST_GROWTH = 1.5, 50


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--trials", type=int, default=10, help="trials a window")
    options.add_argument("--rounds", type=int, default=7, help="windows of each at a level, alternating; the median is shown")
    options.add_argument("--memory", action="store_true", help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.memory:
        print(json.dumps(memory()))
        return
    command = [sys.executable, "-m", "benchmarks.overhead", "--memory"]
    grown = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[-1])  # noqa: S603
    with tempfile.TemporaryDirectory() as folder:
        taken = overhead(Path(folder), asked.trials, asked.rounds)
    rows, ratios = [], {}
    for level, parts in taken.items():
        spent = {name: median(times) for name, times in parts.items()}
        bare = sum(spent.values()) - spent["foldwise"]
        ratios[level] = spent["foldwise"] / bare
        rows += [[f"{level:,} trials", name, f"{value:.1f}", f"{value / bare:.2f}x"] for name, value in spent.items()]
    growth = grown["300"] - grown["50"]
    rows += [[f"{trials} real trials", "resident memory", f"{size:.0f} MB", ""] for trials, size in grown.items()]
    shown = ", ".join(f"{ratio:.2f}x at {level:,} trials" for level, ratio in ratios.items())
    last = f"against the bare parts: {shown} (at most {MOST_RATIO}x); memory grows by {growth:.0f} MB (less than {MOST_GROWTH})"
    figures = {"milliseconds": taken, "ratios": ratios, "megabytes": grown, "growth": growth}
    report("overhead", ("at", "what", "ms a trial", "of the bare parts' sum"), rows, last, figures)


def overhead(folder: Path, trials: int, rounds: int) -> dict[int, dict[str, list[float]]]:
    """Milliseconds a trial of each window, by level and by measured part."""
    (folder / "bare").mkdir()
    study = Study(folder / "foldwise")
    study.window(STARTUP + 2)  # the first real trials; their imports do not count
    row = study.rows()[-1]
    from foldwise.tracking.mlflow_store import mlflow_store

    mlflow = BareMlflow(mlflow_store(folder / "bare"), row, study.goal.metric, {})
    taken: dict[int, dict[str, list[float]]] = {}
    for level in LEVELS:
        study.fill(level)
        mlflow.fill(folder / "bare", level)
        results = [row.result for row in study.rows() if row.result is not None]
        windows: dict[str, Window] = {
            "foldwise": study.window,
            "Optuna's ask and tell": bare_optuna(study.plan(level), results),
            "one committed SQLite row": bare_row(folder / "bare" / f"{level}.db", results),
            "MLflow's three calls": repeated(mlflow.trial),
        }
        taken[level] = {name: [] for name in windows}
        for window in windows.values():
            window(1)  # reads the filled-in trials
        for _ in range(rounds):
            for name, window in windows.items():
                taken[level][name].append(1_000 * window(trials) / trials)
        print(f"{level} trials: {taken[level]}", file=sys.stderr)
    study.ledger.close()
    return taken


class Study:
    """A foldwise study on disk. Each window is a start that continues the last one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        plan = self.plan(0)
        self.goal = plan.goal
        self.ledger = assemble.ledger_at(None, plan.spec.fixed.paths.runs, print)
        self.real = real_trials(plan)(0, plan.spec.space.defaults())
        open_or_resume(plan, self.ledger, {})

    def plan(self, trials: int) -> Plan:
        """The study with this budget of trials."""
        return planned(self.folder, trials, epochs=30)

    def rows(self) -> list[TrialRow]:
        """Its trials so far."""
        return self.ledger.trials("overhead")

    def window(self, trials: int) -> float:
        """Seconds from the first ask of this start until MLflow has taken the last trial."""
        rows = self.rows()
        plan = self.plan(len(rows) + trials)
        spec = plan.spec
        record = self.ledger.study(spec.name)
        assert record is not None
        tracker, _ = assemble.make_tracking(spec.fixed.tracking, spec.fixed.paths.runs, self.ledger)
        tracker.open(record, rows)
        tracker.place()  # opening a study does not count
        clock = Clock()
        parts = Parts(assemble.make_tuner(spec, plan.goals), HereExecutor(self.train), self.ledger, tracker, clock)
        search(plan, parts, rows)
        assert tracker.close(None, wait_seconds=600) == ()
        return time.perf_counter() - clock.began

    def train(self, job: TrialJob) -> TrialResult:
        """No work: the real trial's folds and curves under this trial's number."""
        return replace(self.real, number=job.number, params=job.params, mean=score(job.params))

    def fill(self, level: int) -> None:
        """Finished and shipped trials up to the level, as earlier starts leave them."""
        from foldwise.tuning.random_tuner import RandomTuner

        rows, plan = self.rows(), self.plan(level)
        tuner = RandomTuner(plan.spec.space, SEED)
        shipped = rows[-1].shipped
        assert shipped is not None
        for number in range(len(rows), level):
            params = tuner.ask(number)
            self.ledger.begin_trial(plan.spec.name, number, params)
            self.ledger.finish_trial(plan.spec.name, replace(self.real, number=number, params=params, mean=score(params)))
            self.ledger.mark_shipped(plan.spec.name, number, shipped)
        copy_run(self.folder / "mlflow.db", shipped, level)


class Clock:
    """A watcher that notes when the search of this start begins."""

    began = math.nan

    def search_starts(self, *_: Any) -> None:
        """Note the time: earlier trials have been read."""
        self.began = time.perf_counter()

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_: None


def memory() -> dict[str, float]:
    """Resident megabytes of this process after some of 300 real trials of differing shapes."""
    from foldwise.tuning.random_tuner import RandomTuner

    plan = planned(Path("mlruns"), TRIALS, epochs=4)
    tuner, train = RandomTuner(plan.spec.space, SEED), real_trials(plan)
    noted = {}
    for number in range(TRIALS):
        train(number, tuner.ask(number))
        if (number + 1) % 50 == 0:
            noted[str(number + 1)] = resident()
    return noted


def real_trials(plan: Plan) -> Callable[[int, Params], TrialResult]:
    """Trains a trial as a study does."""
    from foldwise.training.runtime import start

    start(threads_of(plan))
    from foldwise.data.fold_cache import FoldCache
    from foldwise.training.cross_validate import cross_validate

    cache = FoldCache(plan.table, plan.splits)

    def train(number: int, params: Params) -> TrialResult:
        job = TrialJob(number, params, SEED, trial_at(plan.spec, params), plan.goal)
        result = cross_validate(job, plan.table, plan.splits, cache=cache)
        assert result.state == "COMPLETE", result.reason
        return result

    return train


def resident() -> float:
    """Resident megabytes of this process."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def planned(folder: Path, trials: int, epochs: int) -> Plan:
    """A study of Iris with a name."""
    tuner = {"kind": "tpe", "startup": STARTUP}
    return plan_study(study_of(IRIS, folder, SEED, max(1, trials), epochs, study="overhead", tuner=tuner))


if __name__ == "__main__":
    main()

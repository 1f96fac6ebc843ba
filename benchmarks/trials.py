"""Ten thousand trials without training: what the last ones cost, and how fast the finished study opens again.

A real ledger, lock file and tuner; training returns five folds with curves of 30 epochs at once. Milliseconds of processor
time a trial, in windows, as the study grows; then `python -m pipelines.tune` of the finished study.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

from benchmarks.made_search import SUMMARY
from benchmarks.measure import report
from foldwise.config.read import read_study
from foldwise.doors.assemble import ledger_at, make_tuner
from foldwise.doors.compose import compose_study
from foldwise.execution.local import HereExecutor
from foldwise.study.open_or_resume import open_or_resume
from foldwise.study.plan import plan_study
from foldwise.study.search import Parts, search
from foldwise.tracking.in_memory import InMemoryTracker
from foldwise.trial.job import TrialJob
from foldwise.trial.result import FoldScore, TrialResult
from foldwise.trial.summary import BestTrial

FOLDS, EPOCHS, WINDOW = 5, 30, 500
MOST_SECONDS, MOST_RATIO = 3.0, 1.5


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--trials", type=int, default=10_000)
    options.add_argument("--tuners", nargs="+", default=["random"])
    asked = options.parse_args()
    rows, said, figures = [], [], {}
    for tuner in asked.tuners:
        with tempfile.TemporaryDirectory() as folder:
            words = ["data=iris", "study=many", f"tuner={tuner}", "tracking=in_memory", f"paths.runs={folder}"]
            words += [f"budget.trials={asked.trials}", "model.dropout=[float,0.0,0.9]"]
            windows = run(words)
            opening = open_again(words)
        levels = sorted({count for count in (1_000, 2_000, 5_000, asked.trials) if count in windows})
        first, last = windows[levels[0]], windows[levels[-1]]
        rows += [[tuner, f"{count:,} trials", f"{windows[count]:.1f}", f"{windows[count] / first:.2f}x"] for count in levels]
        rows.append([tuner, "the finished study again", f"{opening * 1000:.0f}", ""])
        said.append(f"{tuner}: {last / first:.2f}x at the end (at most {MOST_RATIO}x), opens in {opening:.1f} s")
        figures[tuner] = {"windows": windows, "opening": opening}
    closing_line = f"{'; '.join(said)} (less than {MOST_SECONDS:g})"
    report("trials", ("tuner", "at", "ms of processor time", "of the first"), rows, closing_line, figures)


def run(words: list[str]) -> dict[int, float]:
    """Milliseconds of processor time a trial, by the number of trials at the window's end."""
    plan = plan_study(read_study(compose_study(words)))
    spec, clock = plan.spec, Clock()
    with closing(ledger_at(None, spec.fixed.paths.runs, print)) as ledger:
        record = open_or_resume(plan, ledger, {})
        tracker = InMemoryTracker(ledger)
        tracker.open(record, [])
        parts = Parts(make_tuner(spec, plan.goals), HereExecutor(no_work), ledger, tracker, clock)
        found = search(plan, parts, ledger.trials(spec.name))
        best = max(found.results, key=lambda result: result.mean)
        chosen = BestTrial(best.number, best.params, best.mean, best.sd, ())
        summary = replace(SUMMARY, study=spec.name, source=plan.source, best=chosen, ended=found.ended)
        ledger.finish_study(spec.name, summary)
    return clock.windows


def no_work(job: TrialJob) -> TrialResult:
    """Five folds with curves."""
    folds = []
    for fold in range(FOLDS):
        mean = ((job.number * 7919 + fold) % 1000) / 1000
        curve = tuple(mean / (epoch + 1) for epoch in range(EPOCHS))
        curves = dict.fromkeys(("loss", "val_loss", "learning_rate", "accuracy", "val_accuracy"), curve)
        folds.append(FoldScore(fold, mean, {"accuracy": mean, "log_loss": mean}, curves, EPOCHS, 0.0))
    mean = sum(fold.score for fold in folds) / FOLDS
    return TrialResult(job.number, job.params, "COMPLETE", tuple(folds), mean, 0.0, {"accuracy": mean}, engine="none")


class Clock:
    """A watcher that notes the processor time of each window of trials."""

    def __init__(self) -> None:
        self.windows: dict[int, float] = {}
        self._began = time.process_time()
        self._count = 0

    def trial_ends(self, result: TrialResult) -> None:
        """Counts; at the end of a window notes it."""
        self._count += 1
        if self._count % WINDOW == 0:
            now = time.process_time()
            self.windows[self._count] = 1_000 * (now - self._began) / WINDOW
            self._began = now

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_: None


def open_again(words: list[str]) -> float:
    """Seconds of processor time of the door on the finished study."""
    import resource

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "pipelines.tune", *words], check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


if __name__ == "__main__":
    main()

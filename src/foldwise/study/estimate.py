"""How long a study will take, and how much memory and disk: one line after the first trials, before most of the work."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from foldwise.spec.execute import DaskExecutor
from foldwise.spec.space import FloatRange
from foldwise.study.earlier import Earlier
from foldwise.study.memory import GB, LIBRARIES, MB, memory_needed
from foldwise.study.plan import Plan
from foldwise.study.trial_queue import TrialQueue
from foldwise.system.limits import own_mb
from foldwise.system.numbers import counted, duration

# The line comes once this many trials have ended after the first one, or after this many seconds with three of them.
TRIALS = 7
SECONDS = 20.0
FEWEST = 3
LATEST = 40  # trials whose pace tells how much time is left
# Trials that end within this time of each other, seconds, have run side by side, as one step.
TOGETHER = 0.03
# The first trials of a search compile their programs. Where widths or depths are searched, the later ones compile less, and
# tuners come back to what is good; measured over ten recipes (docs/decisions/search.md).
LATER = 0.8
# From the end of the search to the end of the command, by the seconds that TensorFlow took to start: both follow the machine.
CONCLUDING = 1.6
SLOWEST_START, USUAL_START = 60.0, 3.0
# A baseline, seconds a fold and seconds a fold and row, on a machine that starts TensorFlow in the usual time.
BASELINE, BASELINE_ROW = 0.1, 4e-5
# Figures, page and model, once in the study's folder and once in MLflow's.
FILES = 16 * MB
KB_A_TRIAL = 60 * 1024  # rows and curves of a trial in ledger and store, before they are measured


class Estimate:
    """Watches the first trials of this start, and says the estimate once.

    Args:
        plan: the study.
        earlier: a finished study of the same shape, if there is one; then nothing needs to be watched.
        started: how long TensorFlow took to start here, seconds; None if trials run in other processes.
        began: when the job began, by `time.monotonic`.
        slots: how many trials the executor has at a time.
    """

    def __init__(self, plan: Plan, earlier: Earlier | None, started: float | None, began: float, slots: int = 1) -> None:
        self._plan, self._slots = plan, slots
        self._earlier = earlier
        self._started = min(SLOWEST_START, started or USUAL_START)
        self._before = time.monotonic() - began
        self._began = time.monotonic()
        self._ends: list[float] = []
        self._bytes = _stored(plan)
        self._is_said = False

    def sentence(self, queue: TrialQueue, refit: float) -> str | None:
        """The estimate of the whole job, once, when enough trials have ended; else None. Call it when a trial has ended.

        Args:
            queue: the trials.
            refit: the seconds that the refit of the best one would take.
        """
        self._ends.append(time.monotonic() - self._began)
        asked = self._plan.spec.fixed.budget.trials
        left = asked - len(queue.finished)
        if self._is_said or left <= 0 or not self._is_due(asked):
            return None
        self._is_said = True
        fresh = self._plan.spec.fixed.fresh_trainings
        if self._earlier is not None:
            seconds = self._earlier.seconds(left + fresh)
        else:
            seconds = pace(self._ends, _searches_shapes(self._plan), self._slots) * (left + fresh) + self._after(refit)
        seconds += self._before + self._ends[-1]
        limit = self._plan.spec.fixed.budget.seconds
        memory = max(_peak(), memory_expected(self._plan))
        return f"estimate: {line(seconds if limit is None else min(limit, seconds), memory, self._disk(asked), asked)}"

    def left(self, queue: TrialQueue, refit: float) -> float | None:
        """The seconds until the study ends, by the pace of the latest trials; None before one has ended in this start."""
        if not self._ends:
            return None
        left = max(0, self._plan.spec.fixed.budget.trials - len(queue.finished))
        seconds = pace(self._ends[-LATEST:], _searches_shapes(self._plan), self._slots) * left + self._after(refit)
        limit = self._plan.spec.fixed.budget.seconds
        return seconds if limit is None else min(seconds, max(0.0, limit - self._before - self._ends[-1]))

    def _is_due(self, asked: int) -> bool:
        after_first = len(self._ends) - len(_steps(self._ends)[0])
        if self._earlier is not None:
            return True
        if (self._ends[-1] > SECONDS and after_first >= FEWEST) or len(self._ends) > 4 * TRIALS:
            return True
        return after_first >= min(TRIALS, max(FEWEST, asked // 4))

    def _after(self, refit: float) -> float:
        splits, rows = len(self._plan.splits), len(self._plan.development)
        trained = [] if self._plan.spec.fixed.baselines == () else [BASELINE + BASELINE_ROW * rows] * splits
        return CONCLUDING * self._started + refit + sum(trained) * self._started / USUAL_START

    def _disk(self, asked: int) -> float:
        measured = (_stored(self._plan) - self._bytes) / len(self._ends)
        return FILES + asked * (measured or KB_A_TRIAL)


def pace(ends: Sequence[float], searches_shapes: bool, slots: int = 1) -> float:
    """The seconds that each further trial will take.

    Args:
        ends: when each trial ended, seconds.
        searches_shapes: whether trials differ in the programs that they need.
        slots: how many trials are under way at a time. Their ends come at uneven times, so as many steps are taken together.
    """
    steps = _steps(ends)  # the first one compiles, and waits for what starts beside it
    together = max(1, min(slots, len(steps) - 1))
    costs = []
    for place in range(len(steps) - together):
        count = sum(map(len, steps[place + 1 : place + 1 + together]))
        costs.append(((steps[place + together][-1] - steps[place][-1]) / count, count))
    if not costs:
        return ends[-1] / len(ends)
    each = sorted(cost for cost, count in costs for _ in range(count))
    return each[len(each) // 4] * LATER if searches_shapes else each[len(each) // 2]


def line(seconds: float | None, memory: float, disk: float, trials: int) -> str:
    """`about 40 s, 1.1 GB of memory and 12 MB of disk for 40 trials`; bytes are given."""
    time_ = "" if seconds is None else f"{duration(seconds)}, "
    sizes = f"{memory / GB:.1f} GB of memory and {max(1, round(disk / MB)):,} MB of disk"
    return f"about {time_}{sizes} for {counted(trials, 'trial')}"


def before_training(plan: Plan, earlier: Earlier | None) -> str:
    """What is known before any training: seconds only if an earlier study tells them."""
    trials = plan.spec.fixed.budget.trials
    seconds = None if earlier is None else earlier.seconds(trials + plan.spec.fixed.fresh_trainings)
    found = line(seconds, memory_expected(plan), FILES + trials * KB_A_TRIAL, trials)
    why = "how long shows after the first trials" if earlier is None else f"as study {earlier.name} took"
    return f"estimate: {found}; {why}"


def memory_expected(plan: Plan) -> float:
    """Bytes of all processes at their peak; of a small table it is the libraries that count."""
    needed = memory_needed(plan)
    if needed is not None:
        return needed.peak
    execute = plan.spec.fixed.execute
    others = execute.workers if isinstance(execute, DaskExecutor) and execute.address is None else 0
    backend = plan.spec.fixed.training.backend
    here = own_mb() * MB + (0 if backend in sys.modules else LIBRARIES[backend])
    return here + others * LIBRARIES[backend]


def _steps(ends: Sequence[float]) -> list[list[float]]:
    """The ends in groups of trials that ended together."""
    steps: list[list[float]] = []
    for end in ends:
        if steps and end - steps[-1][-1] <= TOGETHER:
            steps[-1].append(end)
        else:
            steps.append([end])
    return steps


def _searches_shapes(plan: Plan) -> bool:
    """Whether trials differ in more than numbers that a program takes as inputs."""
    ranges = plan.spec.space.walk()
    return any(not isinstance(range_, FloatRange) and range_.count() != 1 for name, range_ in ranges if name[:3] != "prep")


def _stored(plan: Plan) -> int:
    """The bytes of the files that grow with trials."""
    runs = Path(plan.spec.fixed.paths.runs)
    return sum(path.stat().st_size for name in ("ledger.db", "mlflow.db") for path in runs.glob(f"{name}*") if path.is_file())


def _peak() -> float:
    """The most bytes that this process has used so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

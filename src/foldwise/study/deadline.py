"""When a search has to end so that the whole job, with refit and registration, ends in time."""

from __future__ import annotations

import math
import time

from foldwise.errors import OutOfTime
from foldwise.spec.goal import Goal
from foldwise.trial.result import TrialResult, best_of

# For baselines, holdout, verdict, bundle, registration and the tracker; a fixed reserve, not measured on your data.
SECONDS_TO_CONCLUDE = 5.0
# If trials ran in other processes, the refit has to wait for TensorFlow.
SECONDS_TO_START_TENSORFLOW = 8.0
# On a slow or busy machine the reserve is this share of the time that TensorFlow took to start.
CONCLUDING_TO_STARTING = 0.7
# Of the time of the job, at most, that the search leaves to fresh runs; a first trial that compiles would ask for too much.
MOST_FRESH = 0.5


class Deadline:
    """The time limit of a job.

    Args:
        seconds: for the whole job; None for no limit.
        began: when it began, by `time.monotonic`; None: now.
        started: how long TensorFlow took to start in this process; None if trials run in others and it has not started here.
    """

    def __init__(self, seconds: float | None = None, began: float | None = None, started: float | None = 0.0) -> None:
        self.seconds = seconds
        self.began = time.monotonic() if began is None else began
        self.started = started
        self._ends = math.inf if seconds is None else self.began + seconds
        self._elsewhere_since = time.monotonic() if started is None else None
        self._after = _after(started or 0.0)
        if started is None:
            self._after += SECONDS_TO_START_TENSORFLOW
        self._best: TrialResult | None = None
        self._refit = 0.0
        self._fresh = 0.0

    def note(self, result: TrialResult, goal: Goal, rows: float, seeds: int = 1, fresh: int = 0, members: int = 1) -> None:
        """Reserve the time that a refit of the best trial, and fresh runs of trials like it, will take.

        Folds train one after the other, or all in one program; then a single fold may take nearly as long as all.

        Args:
            result: of the trial that has ended.
            goal: decides which trial is best.
            rows: how many times more rows the refit trains on than a fold.
            seeds: how many networks it trains.
            fresh: how many trials the certificate trains.
            members: how many trials an ensemble refits at most, one after the other and each from one seed.
        """
        if self._elsewhere_since is not None:  # the first trial had to wait for TensorFlow in its process
            waited = time.monotonic() - self._elsewhere_since - result.seconds
            self._after = _after(waited) + max(SECONDS_TO_START_TENSORFLOW, waited)
            self._elsewhere_since = None
        best = best_of([trial for trial in (self._best, result) if trial is not None], goal)
        if best is not None and best is not self._best:
            self._best = best
            self._fresh = min(best.seconds * fresh, MOST_FRESH * (self.seconds or math.inf))
            alone, together = (networks / max(1, len(best.folds)) for networks in (1, seeds))
            if best.engine == "fused":
                alone, together = max(1.0, alone), max(1.0, together)
            self._refit = best.seconds * rows * max(together, members * alone)

    @property
    def refit(self) -> float:
        """The seconds that the refit of the best trial so far is expected to take."""
        return self._refit

    @property
    def is_over(self) -> bool:
        """Whether the search has to end."""
        return time.monotonic() > self._ends - self._after - self._refit - self._fresh

    @property
    def left(self) -> float:
        """The seconds until the whole job has to be done; inf without a limit."""
        return self._ends - time.monotonic()

    def raise_if_over(self) -> None:
        """Raise OutOfTime if the search has to end."""
        if self.is_over:
            raise OutOfTime("the time is over")

    def raise_if_refit_is_due(self) -> None:
        """Raise OutOfTime if no more time is left than the refit, and what follows it, will take."""
        if time.monotonic() > self._ends - self._after - self._refit:
            raise OutOfTime("the time is over")


def _after(started: float) -> float:
    return max(SECONDS_TO_CONCLUDE, CONCLUDING_TO_STARTING * started)

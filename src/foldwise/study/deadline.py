"""When a search has to end so that the whole job, refit and registration included, ends in time."""

from __future__ import annotations

import math
import time

from foldwise.errors import OutOfTime
from foldwise.spec.goal import Goal
from foldwise.trial.result import TrialResult, best_of

# Reserved, not measured on your data: baselines, holdout, verdict, bundle, registration and the tracker's farewell.
SECONDS_TO_CONCLUDE = 5.0
# Where trials ran elsewhere, the refit has to wait for TensorFlow.
SECONDS_TO_START_TENSORFLOW = 8.0
# A machine that is slow, or busy with other things, takes longer for all of that: so much of the time that TensorFlow took.
CONCLUDING_TO_STARTING = 0.7


class Deadline:
    """The end of the time for a job.

    Args:
        seconds: for all of it, None for as long as it takes.
        began: when it began, by `time.monotonic`.
        started: how long TensorFlow took to start in this process, None where trials run in others, so that it has yet to.
    """

    def __init__(self, seconds: float | None = None, began: float = 0.0, started: float | None = 0.0) -> None:
        self.seconds = seconds
        self._ends = math.inf if seconds is None else began + seconds
        self._elsewhere_since = time.monotonic() if started is None else None
        self._after = _after(started or 0.0)
        if started is None:
            self._after += SECONDS_TO_START_TENSORFLOW
        self._best: TrialResult | None = None
        self._refit = 0.0

    def note(self, result: TrialResult, goal: Goal, rows: float) -> None:
        """A trial has ended. Reserve the time that a refit of the best will take.

        Its folds train one after the other, or all in one program, for which one fold may need nearly as long.

        Args:
            result: the trial's.
            goal: which one is best.
            rows: how many times those of a fold the refit trains on.
        """
        if self._elsewhere_since is not None:  # the first to come back has waited for TensorFlow there
            waited = time.monotonic() - self._elsewhere_since - result.seconds
            self._after = _after(waited) + max(SECONDS_TO_START_TENSORFLOW, waited)
            self._elsewhere_since = None
        best = best_of([trial for trial in (self._best, result) if trial is not None], goal)
        if best is not None and best is not self._best:
            self._best = best
            self._refit = best.seconds * rows / (1 if best.engine == "fused" else max(1, len(best.folds)))

    @property
    def is_over(self) -> bool:
        """Whether the search has to end."""
        return time.monotonic() > self._ends - self._after - self._refit

    def raise_if_over(self) -> None:
        """Ends a search that has to.

        Raises:
            OutOfTime: it has.
        """
        if self.is_over:
            raise OutOfTime("the time is over")


def _after(started: float) -> float:
    return max(SECONDS_TO_CONCLUDE, CONCLUDING_TO_STARTING * started)

"""The time that the baselines of images may take, and how far they are."""

from __future__ import annotations

import time
from collections.abc import Callable

SECONDS_BETWEEN = 5.0  # notes about progress


class OutOfBaselineTime(Exception):
    """The time is over before a baseline was finished. The message says how it was ended."""


class BaselineClock:
    """Counts the fits of baselines, tells how far they are, and ends those that take too long.

    Args:
        seconds: for all baselines together; None for no limit.
        notify: takes a sentence now and then.
        raise_if_stopped: raises Interrupted if the user asked to stop.
    """

    def __init__(
        self,
        seconds: float | None = None,
        notify: Callable[[str], None] = lambda sentence: None,
        raise_if_stopped: Callable[[], None] = lambda: None,
    ) -> None:
        self.limit = seconds
        self._notify, self._raise_if_stopped = notify, raise_if_stopped
        self._began = self._noted = time.monotonic()
        self._name, self._fits, self._done, self._limited = "", 0, 0, False

    @property
    def seconds(self) -> float:
        """What all baselines have taken so far."""
        return time.monotonic() - self._began

    def starts(self, name: str, fits: int, limited: bool = True) -> None:
        """A baseline begins.

        Args:
            name: the baseline.
            fits: how often it will be fitted.
            limited: whether the time limit is for it.

        Raises:
            OutOfBaselineTime: nothing is left for it.
        """
        self._name, self._fits, self._done, self._limited = name, fits, 0, limited
        if limited and self.limit is not None and self.seconds >= self.limit:
            raise OutOfBaselineTime(f"left out: the {self.limit:g} s of budget.baseline_seconds were over")

    def fit_ends(self) -> None:
        """Another fit is done."""
        self._done += 1
        self.passes()

    def passes(self) -> None:
        """Part of a fit is done.

        Raises:
            OutOfBaselineTime: the time is over, and more fits are to be done.
            Interrupted: the user asked to stop.
        """
        self._raise_if_stopped()
        if self._done >= self._fits:
            return
        done = f"{self._done} of {self._fits} fits"
        if self._limited and self.limit is not None and self.seconds >= self.limit:
            raise OutOfBaselineTime(f"cut off after the {self.limit:g} s of budget.baseline_seconds, with {done} done")
        self._note(f"baseline {self._name}: {done} done")

    def waits(self) -> None:
        """Another process still scores the baselines.

        Raises:
            Interrupted: the user asked to stop.
        """
        self._raise_if_stopped()
        self._note("waiting for the baselines")

    def _note(self, what: str) -> None:
        if time.monotonic() - self._noted >= SECONDS_BETWEEN:
            self._noted = time.monotonic()
            self._notify(f"{what}, {self.seconds:.0f} s")

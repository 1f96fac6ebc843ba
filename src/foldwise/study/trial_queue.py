"""The trials of a study by state, and the configurations that were tried."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from foldwise.spec.space import EPOCHS, Params
from foldwise.trial.result import TrialResult


class TrialQueue:
    """The trials of a study as its coordinator sees them.

    finished: in the order in which they ended. running: number -> params. left: trials that an earlier start left running,
    to be run again under their numbers. waiting: trials whose configuration is being trained under another number.
    points: how many configurations the space has, None if it is infinite; a tuner that sets the epochs of trials runs a
    configuration several times, and decides itself when the search ends. taken: numbers that are not given to new trials.
    """

    def __init__(
        self,
        finished: Sequence[TrialResult] = (),
        left: Mapping[int, Params] | None = None,
        points: int | None = None,
        taken: Iterable[int] = (),
    ) -> None:
        self.finished: list[TrialResult] = []
        self.running: dict[int, Params] = {}
        self.waiting: dict[int, Params] = {}
        self.left = dict(left or {})
        self._points = points
        self._by_key: dict[str, TrialResult] = {}
        self._tried: set[str] = set()
        self._ended: dict[int, Params] = {}
        self._next = 0
        self._taken = {*taken, *(result.number for result in finished), *self.left}
        for params in self.left.values():
            self._try(params)
        for result in sorted(finished, key=lambda result: result.number):
            self._try(result.params)
            self._note(result)

    @property
    def begun(self) -> int:
        """The number of trials in any state."""
        return len(self.finished) + len(self.running) + len(self.waiting) + len(self.left)

    @property
    def first_finished(self) -> list[TrialResult]:
        """The finished trials by number, up to the first that has not finished."""
        first = min((*self.running, *self.waiting, *self.left), default=None)
        return sorted((r for r in self.finished if first is None or r.number < first), key=lambda result: result.number)

    @property
    def next_number(self) -> int:
        """The number of the next new trial: the first free one, so that a withdrawn trial leaves no gap."""
        while self._next in self._taken:
            self._next += 1
        return self._next

    @property
    def pending(self) -> list[Params]:
        """The parameters of trials without a result, by number."""
        together = {**self.running, **self.waiting, **self.left}
        return [together[number] for number in sorted(together)]

    @property
    def is_busy(self) -> bool:
        """Whether a trial has no result yet."""
        return bool(self.running or self.waiting or self.left)

    def unfinished_before(self, number: int) -> bool:
        """Whether a trial with a lower number has no result yet."""
        return any(other < number for part in (self.running, self.waiting, self.left) for other in part)

    def params_between(self, first: int, end: int) -> list[Params]:
        """The parameters of the trials from `first` to before `end`, by number, whether they have a result or not."""
        every = {**self.running, **self.waiting, **self.left, **self._ended}
        return [every[number] for number in range(first, end) if number in every]

    @property
    def tried(self) -> int:
        """The number of different configurations that were begun."""
        return len(self._tried)

    @property
    def is_exhausted(self) -> bool:
        """Whether every configuration was begun."""
        return self._points is not None and self.tried >= self._points

    def begin(self, number: int, params: Params) -> None:
        """Mark a new trial, or one that was left, as running."""
        self.left.pop(number, None)
        self.running[number] = params
        self._try(params)
        self._taken.add(number)

    def known(self, number: int, params: Params) -> TrialResult | None:
        """The result of an equal configuration under this number, the other's number in `reused`; None if it has not finished.

        A failed one is tried again: the machine may have been the reason, and initial weights differ by number.
        """
        of = self._by_key.get(_key(params))
        if of is None:
            return None
        return replace(of, number=number, reused=of.trained_as, seconds=0.0)

    def is_running_elsewhere(self, number: int, params: Params) -> bool:
        """Whether an equal configuration is being trained under an earlier number."""
        key = _key(params)
        return any(other < number and _key(other_params) == key for other, other_params in self.running.items())

    def park(self, number: int) -> None:
        """Let a trial wait for the one that trains its configuration."""
        self.waiting[number] = self.running.pop(number)

    def wake(self) -> list[tuple[int, Params]]:
        """Mark waiting trials whose configuration has stopped training as running, one of each, and return them."""
        woken = []
        for number, params in sorted(self.waiting.items()):
            if not self.is_running_elsewhere(number, params):
                self.running[number] = self.waiting.pop(number)
                woken.append((number, params))
        return woken

    def finish(self, result: TrialResult) -> None:
        """Take a running trial's result."""
        self.running.pop(result.number)
        self._note(result)

    def _try(self, params: Params) -> None:
        self._tried.add(_key(params))
        if EPOCHS in params:
            self._points = None

    def _note(self, result: TrialResult) -> None:
        self.finished.append(result)
        self._ended[result.number] = result.params
        if result.state != "FAILED":
            self._by_key.setdefault(_key(result.params), result)


def _key(params: Params) -> str:
    """Equal for equal configurations; 1, 1.0 and true are different."""
    return json.dumps(params, sort_keys=True)

"""Which trials of a study are finished, running, waiting or left behind, and which configurations were tried."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from foldwise.spec.space import EPOCHS, Params
from foldwise.trial.result import TrialResult


class TrialQueue:
    """The trials of a study as its coordinator sees them.

    finished: in the order in which they ended. running: number -> params. left: what an earlier start left behind, to be run
    again under its own number. waiting: trials whose configuration is just being trained under another number.
    `points` is how many configurations there are, None for more than can be counted; a tuner that gives trials their epochs
    runs one several times, and says itself when it is through. The numbers `taken` are not given again.
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
        self._next = 0
        self._taken = {*taken, *(result.number for result in finished), *self.left}
        for params in self.left.values():
            self._try(params)
        for result in sorted(finished, key=lambda result: result.number):
            self._try(result.params)
            self._note(result)

    @property
    def begun(self) -> int:
        """How many trials there are, whatever their state."""
        return len(self.finished) + len(self.running) + len(self.waiting) + len(self.left)

    @property
    def next_number(self) -> int:
        """The number of the next new trial: the first that is free, so that a trial that was withdrawn leaves no gap."""
        while self._next in self._taken:
            self._next += 1
        return self._next

    @property
    def pending(self) -> list[Params]:
        """What has no result yet, by number."""
        together = {**self.running, **self.waiting, **self.left}
        return [together[number] for number in sorted(together)]

    @property
    def tried(self) -> int:
        """How many different configurations were begun."""
        return len(self._tried)

    @property
    def is_exhausted(self) -> bool:
        """Whether every configuration that there is was begun."""
        return self._points is not None and self.tried >= self._points

    def begin(self, number: int, params: Params) -> None:
        """Notes that a trial is there; it is new, or was left behind."""
        self.left.pop(number, None)
        self.running[number] = params
        self._try(params)
        self._taken.add(number)

    def known(self, number: int, params: Params) -> TrialResult | None:
        """The trial's result where an equal configuration has one: the same, under this number, and it says whose it is.

        What failed is tried again: the reason may have been the machine, and first weights differ by number.
        """
        of = self._by_key.get(_key(params))
        if of is None:
            return None
        return replace(of, number=number, reused=of.number if of.reused is None else of.reused, seconds=0.0)

    def is_running_elsewhere(self, number: int, params: Params) -> bool:
        """Whether an equal configuration is just being trained under an earlier number."""
        key = _key(params)
        return any(other < number and _key(theirs) == key for other, theirs in self.running.items())

    def park(self, number: int) -> None:
        """Lets a trial wait for the one that trains its configuration."""
        self.waiting[number] = self.running.pop(number)

    def wake(self) -> list[tuple[int, Params]]:
        """The waiting trials whose configuration is no longer being trained, one of each; they run from now on."""
        woken = []
        for number, params in sorted(self.waiting.items()):
            if not self.is_running_elsewhere(number, params):
                self.running[number] = self.waiting.pop(number)
                woken.append((number, params))
        return woken

    def finish(self, result: TrialResult) -> None:
        """Takes a running trial's result."""
        self.running.pop(result.number)
        self._note(result)

    def _try(self, params: Params) -> None:
        self._tried.add(_key(params))
        if EPOCHS in params:
            self._points = None

    def _note(self, result: TrialResult) -> None:
        self.finished.append(result)
        if result.state != "FAILED":
            self._by_key.setdefault(_key(result.params), result)


def _key(params: Params) -> str:
    """Equal for equal configurations; 1, 1.0 and true are different."""
    return json.dumps(params, sort_keys=True)

"""An ensemble of trials, as a study's summary keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from foldwise.spec.space import Scalar
from foldwise.system.numbers import score, shown

SHOWN_MEMBERS = 4


@dataclass(frozen=True)
class Member:
    """A trial of an ensemble. weight: how often the greedy choice took it. params: its searched values."""

    trial: int
    weight: int
    params: Mapping[str, Scalar]


@dataclass(frozen=True, kw_only=True)
class EnsembleOutcome:
    """What became of an ensemble that was asked for.

    members: of the ensemble that was chosen; a single one if no other trial helps. best: the trial that it is compared with.
    score, single: of the ensemble and of that trial, both corrected for the choice; error: the standard error of their
        difference. None where nothing can be said.
    shipped: whether the ensemble is the model. milliseconds: that it then takes to answer a row; megabytes: of its files.
    """

    members: tuple[Member, ...]
    best: int
    score: float | None = None
    single: float | None = None
    error: float | None = None
    shipped: bool = False
    milliseconds: float | None = None
    megabytes: float | None = None

    @property
    def name(self) -> str:
        """The members and their weights: `4, 12 x 3`."""
        return named(self.members)

    @property
    def sentence(self) -> str:
        """What the screen says."""
        kept = f"trial {self.best} alone is the model"
        if not self.members:
            return f"no ensemble: the predictions of the trials are not there; {kept}"
        if len(self.members) == 1:
            return f"no ensemble: adding other trials to trial {self.members[0].trial} does not help; {kept}"
        many = f"ensemble of {len(self.members)} trials"
        if self.score is None or self.single is None or self.error is None:
            return f"the {many} cannot be scored on these rows; {kept}"
        than = f"trial {self.best} ({score(self.single)})"
        better = f"more than a standard error ({score(self.error)}) better than {than}"
        if not self.shipped:
            return f"the {many} scored {score(self.score)}, not {better}; {kept}"
        return f"the model is an {many} ({self._some}): {score(self.score)}, {better}{self._costs}"

    @property
    def _some(self) -> str:
        more = len(self.members) - SHOWN_MEMBERS
        return named(self.members[:SHOWN_MEMBERS]) + (f" and {more} more" if more > 0 else "")

    @property
    def _costs(self) -> str:
        if self.milliseconds is None or self.megabytes is None:
            return ""
        return f"; a row takes {shown(self.milliseconds, digits=2)} ms, and its files {shown(self.megabytes, digits=2)} MB"


def named(members: tuple[Member, ...]) -> str:
    """Members and their weights, in words."""
    return ", ".join(f"{one.trial} x {one.weight}" if one.weight > 1 else str(one.trial) for one in members)

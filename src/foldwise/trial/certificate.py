"""What the winner of a search is worth, as a study's summary keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from foldwise.system.numbers import counted, score
from foldwise.trial.fresh import Fresh

SHOWN_TIES = 3


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """The winner's score corrected for the search.

    trial: the best by cross-validation. looks: the complete trials of different configurations, among which it was chosen.
    score, low, high: corrected, with the 95 % interval; None where too little is known.
    optimism: what the search made it look better by, in the good direction.
    early_stopping: what early stopping on the scored rows made it look better by; None if trials do not stop early, or if
        no curve follows the metric.
    predictions: the trials whose out-of-fold predictions the correction had.
    ties: the trials that a paired test over the folds cannot tell from the best. default: the number of the trial with the
        defaults, if there is one; default_tied: whether it is among these.
    fresh: what training the best again showed, if that was asked for.
    smaller: a trial within one standard error of the best with fewer parameters, the smallest; shrinks: how many times fewer.
    """

    kind: str
    trial: int
    looks: int
    score: float | None
    low: float | None
    high: float | None
    optimism: float | None
    predictions: int
    early_stopping: float | None = None
    ties: tuple[int, ...] = ()
    default: int | None = None
    default_tied: bool = False
    smaller: int | None = None
    shrinks: float | None = None
    fresh: Annotated[Fresh | None, Field(exclude_if=lambda found: found is None)] = None

    @property
    def sentences(self) -> list[str]:
        """What the screen says."""
        said = []
        if self.score is not None and self.low is not None and self.high is not None:
            interval = f"{score(self.low)} to {score(self.high)}"
            said.append(self._score(f"(95 % interval {interval})"))
        said.append(self._standing)
        said += [] if self.fresh is None else self.fresh.sentences
        if self.smaller is not None and self.shrinks is not None:
            said.append(
                f"trial {self.smaller} is within one standard error of it with {self.shrinks:.1f} times fewer parameters; "
                "select.rule=one_se takes such a trial"
            )
        return [sentence for sentence in said if sentence]

    def _score(self, interval: str) -> str:
        stopping = score(self.early_stopping) if self.early_stopping else ""
        if self.looks == 1:  # it was not chosen
            which = f"corrected for early stopping: {score(self.score)} {interval}, which made it look better by {stopping}"
            return which if stopping else f"cross-validated score: {score(self.score)} {interval}"
        also = f", early stopping by {stopping}" if stopping else ""
        corrected = f"corrected for the choice among {self.looks} trials: {score(self.score)} {interval}"
        return f"{corrected}; the search made it look better by {score(self.optimism)}{also}"

    @property
    def _standing(self) -> str:
        others = [number for number in self.ties if number != self.default]
        if self.default_tied:
            rest = f", nor from {counted(len(others), 'other trial')}" if others else ""
            return f"trial {self.trial} cannot be told from the defaults (trial {self.default}){rest}"
        if not others:
            return ""
        shown, more = others[:SHOWN_TIES], len(others) - SHOWN_TIES
        names = ", ".join(map(str, shown)) + (f" and {more} more" if more > 0 else "")
        return f"trial {self.trial} cannot be told from {'trial' if len(others) == 1 else 'trials'} {names}"

"""What training the best trials again on fresh seeds and splits showed, as a study's summary keeps it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from foldwise.spec.goal import Goal
from foldwise.system.numbers import counted, score, shown


@dataclass(frozen=True, kw_only=True)
class FreshTrial:
    """A trial that was trained again.

    score: the mean on fresh seeds, with its 95 % interval for new rows; None where a single fold tells nothing of that.
    shrunk: drawn towards the mean of all trials as far as noise explains the difference. best_on: how many seeds.
    """

    trial: int
    score: float
    low: float | None
    high: float | None
    shrunk: float
    best_on: int


@dataclass(frozen=True, kw_only=True)
class Fresh:
    """The outcome of fresh runs.

    seeds: how many each trial has. redrawn: whether each seed had folds of its own.
    trials: the best first; the defaults are among them where they are complete. failed: those that a fresh seed made fail.
    best: the best of them other than the defaults; score, low, high and shrunk are its own.
    default: the number of the defaults. p: of the one-sided paired test of the best against these; level: below it they are
        told apart. taken: the trial that `select.rule=fresh` takes. rule: whether that rule was asked for.
    """

    seeds: int
    redrawn: bool
    trials: tuple[FreshTrial, ...] = ()
    failed: tuple[int, ...] = ()
    best: int | None = None
    score: float | None = None
    low: float | None = None
    high: float | None = None
    shrunk: float | None = None
    default: int | None = None
    p: float | None = None
    level: float | None = None
    taken: int | None = None
    rule: bool = False

    def moved(self, goal: Goal, by: float) -> Fresh:
        """The same with this added to each score, as early stopping on the scored rows made them look better.

        A score stays within those that there can be.
        """

        def to(value: float) -> float:
            return goal.nearest(value + by)

        def of(value: float | None) -> float | None:
            return None if value is None else to(value)

        trials = tuple(
            replace(one, score=to(one.score), low=of(one.low), high=of(one.high), shrunk=to(one.shrunk)) for one in self.trials
        )
        return replace(self, trials=trials, score=of(self.score), low=of(self.low), high=of(self.high), shrunk=of(self.shrunk))

    @property
    def sentences(self) -> list[str]:
        """What the screen says."""
        leader = self._of(self.best)
        compared = self._chosen if self.rule else self._compared
        return [said for said in ("" if leader is None else self._score(leader), compared) if said]

    def _of(self, number: int | None) -> FreshTrial | None:
        return next((one for one in self.trials if one.trial == number), None)

    def _score(self, leader: FreshTrial) -> str:
        splits = " and splits" if self.redrawn else ""
        told = [] if leader.low is None else [f"95 % interval {score(leader.low)} to {score(leader.high)}"]
        told += [f"{score(leader.shrunk)} shrunk towards all trials"] if len(self.trials) > 1 else []
        said = f"on {counted(self.seeds, 'fresh seed')}{splits} trial {leader.trial} has {score(leader.score)}"
        said += f" ({', '.join(told)})" if told else ""
        return said if len(self.trials) == 1 else f"{said}; it is the best of {len(self.trials)} on {leader.best_on} of them"

    @property
    def _against(self) -> str:
        """The scores of the best and of the defaults, and the test; nothing where one of them has no fresh scores."""
        defaults, leader = self._of(self.default), self._of(self.best)
        if defaults is None or leader is None or leader is defaults:
            return ""
        tested = "" if self.p is None else f", p {shown(self.p, digits=2)}"
        return f"{score(leader.score)} against {score(defaults.score)} on fresh seeds{tested}"

    @property
    def _compared(self) -> str:
        """Whether the best is better than the defaults; nothing where that was not tested."""
        if not self._against or self.p is None or self.level is None:
            return ""
        shows = "is" if self.p < self.level else "is not shown to be"
        return f"trial {self.best} {shows} better than the defaults (trial {self.default}): {self._against}"

    @property
    def _chosen(self) -> str:
        """Which trial `select.rule=fresh` takes, and why."""
        if self.taken is None:
            return "select.rule=fresh has neither fresh scores nor defaults, so the best trial is refitted"
        refits = f"select.rule=fresh refits trial {self.taken}"
        if self.trials and self._of(self.default) is None:
            why = "are not complete" if self.default is None else f"(trial {self.default}) failed on a fresh seed"
            return f"{refits}, the best on fresh seeds; the defaults {why}"
        if self.taken != self.default:
            return f"{refits}, which is better than the defaults (trial {self.default}): {self._against}"
        if not self._against:
            return f"{refits}, the defaults; no other trial has fresh scores"
        if self.p is None:
            return f"{refits}, the defaults; a single fold cannot tell trial {self.best} from them"
        needed = f"and below {shown(self.level, digits=2)} is needed after this search"
        return f"{refits}, the defaults; trial {self.best} cannot be told from them: {self._against}, {needed}"

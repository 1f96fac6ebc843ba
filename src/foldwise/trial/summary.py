"""What a finished study found, as `summary.json` and the ledger keep it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from foldwise.spec.goal import Goal, Task
from foldwise.spec.space import Scalar
from foldwise.system.numbers import score
from foldwise.trial.certificate import Certificate
from foldwise.trial.ensemble import EnsembleOutcome
from foldwise.trial.importance import Importance
from foldwise.trial.race_outcome import RaceOutcome
from foldwise.trial.result import plus_minus

# Why a search ended: it has all its trials, its time is over, every configuration was tried, or further trials can gain less
# than the folds' noise.
Ended = Literal["trials", "seconds", "exhausted", "converged"]
# Whether the network beats its best baseline on the holdout.
Answer = Literal["better", "worse", "no difference shown"]


@dataclass(frozen=True)
class RowCounts:
    """How many rows trials could see, and how many were set aside."""

    development: int
    holdout: int


@dataclass(frozen=True)
class TrialCounts:
    """How many trials the budget allowed, and how they ended."""

    asked: int
    complete: int
    stopped: int
    failed: int


@dataclass(frozen=True)
class BestTrial:
    """The trial that was refitted; mean and sd are over the scores of its folds."""

    number: int
    params: Mapping[str, Scalar]
    mean: float
    sd: float
    folds: tuple[float, ...]


@dataclass(frozen=True)
class BaselineScore:
    """A baseline on the same folds and the same holdout, if there is one.

    threshold: the one that it answers with, for two classes.
    image: height, width and channels of the shrunken images that it learned from, if they were shrunk.
    joined: the columns whose rarest levels it took as one, because it takes no more.
    """

    name: str
    mean: float
    sd: float
    holdout: float | None
    threshold: Annotated[float | None, Field(exclude_if=lambda threshold: threshold is None)] = None
    image: Annotated[tuple[int, int, int] | None, Field(exclude_if=lambda image: image is None)] = None
    joined: Annotated[tuple[str, ...], Field(exclude_if=lambda joined: not joined)] = ()

    @property
    def shown(self) -> str:
        """Its name, and what it saw if that is less than the model."""
        return self.name if self.image is None else f"{self.name} ({self.image[0]} x {self.image[1]} px)"


@dataclass(frozen=True)
class UnfinishedBaseline:
    """A baseline without scores, because its time was over. reason: that it was cut off or left out, and by which limit."""

    name: str
    reason: str

    @property
    def sentence(self) -> str:
        """As a sentence."""
        return f"{self.name} was {self.reason}"


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """How often each label (a row) was predicted as each label (a column)."""

    labels: tuple[str, ...]
    rows: str = "truth"
    columns: str = "prediction"
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class HoldoutScore:
    """The model on the holdout.

    reads: how often any study has read the holdout of these data. classes: the scores of each class of pixels or boxes.
    targets: of several numbers, the scores of each in its own unit.
    """

    rows: int
    metrics: Mapping[str, float]
    reads: int
    confusion: Confusion | None = None
    classes: Annotated[Mapping[str, Mapping[str, float]], Field(exclude_if=lambda classes: not classes)] = field(
        default_factory=dict
    )
    targets: Annotated[Mapping[str, Mapping[str, float]], Field(exclude_if=lambda targets: not targets)] = field(
        default_factory=dict
    )


@dataclass(frozen=True)
class Features:
    """How many features the network takes; where they were selected, which, and in how many folds each was kept."""

    count: int
    kept: tuple[str, ...] | None = None
    kept_in_folds: Mapping[str, int] | None = None


@dataclass(frozen=True)
class RegisteredModel:
    """The model in the registry; version is None until the registry has taken it."""

    name: str
    version: int | None = None
    aliases: tuple[str, ...] = ()
    uri: str | None = None


@dataclass(frozen=True)
class RunPlace:
    """Where a tracker shows the study."""

    tracking_uri: str
    experiment_id: str
    run_id: str


@dataclass(frozen=True, kw_only=True)
class StudySummary:
    """What a finished study found. Fields with a default are missing in the summaries of older versions.

    pareto: with two goals, the number, score and cost of each trial on the front, cheapest first.
    source: the mark of the rows as they were read, if they have one.
    certificate: what the best score is worth after the search, if that was asked for.
    ensemble: what became of an ensemble of trials, if one was asked for.
    scored_on: of trials trained and judged on the same rows (`folds=none`), `training rows`.
    baselines: those that are finished. baselines_unfinished: those that were cut off or left out.
    holdout: None if no rows were set aside; then there is no answer either, and the verdict says so.
    answer: the verdict in a word. None, too, if there is no baseline, or if the model is better than the best one but not all
        are finished, or another one has the better score on the holdout.
    threshold: for two classes, the probability above which the second is predicted.
    balance: what `BalanceGain` found, where balancing was searched. findings: of the audit. Both are kept and shown as a whole.
    importance: of the columns, if they were measured.
    seeds: the number of networks that the model is the mean of.
    seconds: of `data`, `search`, fresh runs (`fresh`) if there were any, `refit` and `baselines`, and in `total`.
    """

    study: str
    seed: int
    goal: Goal
    pareto: tuple[Mapping[str, int | float], ...] | None = None
    task: Task
    rows: RowCounts
    source: str | None = None
    trials: TrialCounts
    race: RaceOutcome | None = None
    ended: Ended | None = None
    best: BestTrial
    certificate: Annotated[Certificate | None, Field(exclude_if=lambda found: found is None)] = None
    ensemble: EnsembleOutcome | None = None
    scored_on: Annotated[Literal["training rows"] | None, Field(exclude_if=lambda rows: rows is None)] = None
    threshold: float | None = None
    baselines: tuple[BaselineScore, ...]
    baselines_unfinished: Annotated[tuple[UnfinishedBaseline, ...], Field(exclude_if=lambda unfinished: not unfinished)] = ()
    holdout: HoldoutScore | None
    verdict: str
    answer: Annotated[Answer | None, Field(exclude_if=lambda answer: answer is None)] = None
    balance: Mapping[str, object] | None = None
    features: Features | None = None
    importance: Annotated[Importance | None, Field(exclude_if=lambda found: found is None)] = None
    engine: str
    seeds: int = 1
    findings: tuple[Mapping[str, object], ...] = ()
    model: RegisteredModel
    seconds: Mapping[str, float] = field(default_factory=dict)
    mlflow: RunPlace | None = None

    @property
    def is_registered(self) -> bool:
        """Whether the registry has taken the model."""
        return self.model.version is not None

    @property
    def scored(self) -> str:
        """How trials and baselines were scored, in words."""
        return "in cross-validation" if self.scored_on is None else "on its own training rows"

    @property
    def answers(self) -> str:
        """What the model is: a trial, or several."""
        together = self.ensemble
        return f"ensemble of {len(together.members)}" if together and together.shipped else f"trial {self.best.number}"

    @property
    def cross_validated(self) -> str:
        """The model's score over the folds; of an ensemble the one that is corrected for its choice."""
        if self.ensemble and self.ensemble.shipped:
            return score(self.ensemble.score)
        return plus_minus(score(self.best.mean), score(self.best.sd), len(self.best.folds))

    def held(self, metric: str) -> float | None:
        """The model's metric on the holdout; None without one."""
        return None if self.holdout is None else self.holdout.metrics[metric]

    def to_json(self) -> dict[str, Any]:
        """As plain values, under the keys of `summary.json`."""
        row: dict[str, Any] = _JSON.dump_python(self, mode="json")
        return row

    @staticmethod
    def from_json(row: Mapping[str, Any]) -> StudySummary:
        """The inverse of `to_json`."""
        return _JSON.validate_python(row)


_JSON = TypeAdapter(StudySummary)

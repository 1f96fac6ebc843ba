"""What is asked for: a trial, a study, and what the other doors are asked. No range is left in any of them.

Each mapping with a `kind` is one class, here or in data_specs, source_specs, network_specs and tuner_specs; a bare word
stands for a mapping of that kind with its defaults: `tuner: random` is `tuner: {kind: random}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from foldwise.augment_specs import AugmentSpec, NoAugment
from foldwise.data_specs import BalanceSpec, FoldsSpec, NoBalance, PrepSpec, TableSpec
from foldwise.errors import did_you_mean
from foldwise.goal import COSTS, METRICS, Goal
from foldwise.image_specs import ImageSpec
from foldwise.limits import Limits
from foldwise.network_specs import Constant, FitSpec, LrScheduleSpec, MlpSpec, ModelSpec
from foldwise.race import Race
from foldwise.race_spec import NoRace, RaceSpec
from foldwise.source_specs import OtherTable
from foldwise.space import Params, Space, Tree
from foldwise.spec import ByKind, Listed, Spec, Words, matching
from foldwise.tuner_specs import TpeTuner, TunerSpec

DataSpec = Annotated[TableSpec | ImageSpec | OtherTable, Field(discriminator="kind"), ByKind]


class TrialSpec(Spec):
    """All that a trial needs; whatever varies between trials of a study is in here."""

    prep: PrepSpec = PrepSpec()
    balance: BalanceSpec = NoBalance()
    augment: AugmentSpec = NoAugment()
    model: ModelSpec = MlpSpec()
    lr_schedule: LrScheduleSpec = Constant()
    fit: FitSpec = FitSpec()


# The sections of a configuration in which a range may stand.
SEARCHABLE = tuple(TrialSpec.model_fields)


class GoalSpec(Spec):
    """The metric that ranks trials; `auto` is accuracy for classes and rmse for numbers.

    at_most: bounds on what a network may take; one that takes more is not trained.
    """

    metric: str = "auto"
    direction: Literal["auto", "maximize", "minimize"] = "auto"
    at_most: Mapping[Literal["parameters", "latency_ms"], Annotated[float, Field(gt=0)]] = {}

    @property
    def bounds(self) -> Mapping[str, float]:
        """The bounds by the name of the cost."""
        return {str(name): bound for name, bound in self.at_most.items()}

    @model_validator(mode="after")
    def _metric_known(self) -> GoalSpec:
        if self.metric != "auto" and self.metric not in METRICS:
            raise ValueError(f"metric {self.metric!r} is unknown{did_you_mean(self.metric, METRICS)}")
        return self


def _metric_and_cost(goals: tuple[str, ...]) -> tuple[str, ...]:
    if len(goals) != 2 or goals[0] not in ("auto", *METRICS) or goals[1] not in COSTS:
        raise ValueError(f"two goals are a metric and one of {', '.join(COSTS)}, as in [accuracy,parameters]")
    return goals


TwoGoals = Annotated[Words, AfterValidator(_metric_and_cost)]


class Budget(Spec):
    """When a study ends: trials in total, also over restarts, or seconds for the whole of one start, refit and all.

    trial_seconds, trial_memory_mb: what a single trial may take.
    """

    trials: Annotated[int, Field(ge=1, le=1_000_000)] = 20
    seconds: Annotated[float, Field(gt=0)] | None = None
    trial_seconds: Annotated[float, Field(gt=0)] | None = None
    trial_memory_mb: Annotated[float, Field(gt=0)] | None = None

    @property
    def limits(self) -> Limits:
        """Of a single trial."""
        return Limits(self.trial_seconds, self.trial_memory_mb)


class HereExecutor(Spec):
    """Trials run in this process, with `threads` threads each; null leaves their number to what has to be computed."""

    kind: Literal["here"] = "here"
    threads: Annotated[int, Field(ge=1, le=1024)] | None = None


Address = Annotated[str, matching(r"(tcp|tls|ucx|ws|wss)://[^\s@]+:\d+", "a scheduler's address, as in tcp://127.0.0.1:8786")]


class DaskExecutor(Spec):
    """Trials run in processes of dask.distributed, one a worker.

    With an `address`, those of the scheduler there, however many it has; else `workers` processes on this machine.
    """

    kind: Literal["dask"]
    workers: Annotated[int, Field(ge=1, le=4096)] = 2
    address: Address | None = None
    threads: Annotated[int, Field(ge=1, le=1024)] | None = None


ExecutorSpec = Annotated[HereExecutor | DaskExecutor, Field(discriminator="kind"), ByKind]


class TrainingSpec(Spec):
    """`fused`: all folds of a trial as one program. `keras`: fold by fold through Keras's own `fit`.

    `auto` decides for a trial by its network and its data. What cannot be fused is always trained by `keras`.
    """

    engine: Literal["auto", "fused", "keras"] = "auto"


class AuditSpec(Spec):
    """What findings about the data do: they are told, and with `strict` those of checks that were not accepted end the run."""

    strict: bool = False
    accept: Words = ()


STORES = ("http://", "https://", "sqlite:///", "postgresql://", "postgresql+psycopg://")


class LedgerSpec(Spec):
    """Where the ledger lives; null is `<paths.runs>/ledger.db`."""

    url: str | None = None


def _a_store(url: str) -> str:
    """An address that MLflow keeps runs and models at; a file store is no more."""
    if not url.startswith(STORES):
        raise ValueError(f"must begin with {', '.join(STORES[:-1])} or {STORES[-1]}, got {url.partition('://')[0]!r}")
    return url


class TrackingSpec(Spec):
    """Where runs are shown; for `mlflow` a null url is `sqlite:///<paths.runs>/mlflow.db`.

    curves: `mean` shows each curve as its mean over folds, `folds` every fold's own beside it.
    figures: whether pictures of a finished study are drawn and shown among its artifacts.
    """

    kind: Literal["mlflow", "in_memory"] = "mlflow"
    url: Annotated[str, AfterValidator(_a_store)] | None = None
    curves: Literal["mean", "folds"] = "mean"
    figures: bool = True


class Paths(Spec):
    """`runs` is the only place where anything is written; data sets are looked for in `data`."""

    runs: str = "mlruns"
    data: str = "data"


class PredictSpec(Spec):
    """What the predict door is asked."""

    model: str
    input: str
    output: str
    ledger: LedgerSpec = LedgerSpec()
    tracking: Annotated[TrackingSpec, ByKind] = TrackingSpec()
    paths: Paths = Paths()


class ExportSpec(Spec):
    """What the export door is asked."""

    model: str
    output: str
    format: Literal["saved_model", "litert", "onnx"] = "saved_model"
    ledger: LedgerSpec = LedgerSpec()
    tracking: Annotated[TrackingSpec, ByKind] = TrackingSpec()
    paths: Paths = Paths()


_NAMES = "1 to 100 of A-Z a-z 0-9 . _ -, not starting with . or -, not ending in a dot"
Name = Annotated[str, matching(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9_-])?", _NAMES)]


class CompareSpec(Spec):
    """What the compare door is asked: one study or several, as a page or as text."""

    study: Name | Annotated[tuple[Name, ...], Listed, Field(min_length=1)]
    format: Literal["html", "text"] = "html"
    trials: Annotated[int, Field(ge=1)] = 20
    ledger: LedgerSpec = LedgerSpec()
    paths: Paths = Paths()

    @property
    def studies(self) -> tuple[str, ...]:
        """Their names, each once."""
        return (self.study,) if isinstance(self.study, str) else tuple(dict.fromkeys(self.study))


class UiSpec(Spec):
    """What the ui door is asked."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 5000
    ledger: LedgerSpec = LedgerSpec()
    tracking: Annotated[TrackingSpec, ByKind] = TrackingSpec()
    paths: Paths = Paths()


class PromotionSpec(Spec):
    """When a challenger takes the champion's place, on rows that neither was trained on.

    margin: what it has to gain at the least, in the goal's metric. alpha: how often one that is no better may be promoted.
    """

    margin: Annotated[float, Field(ge=0)] = 0.0
    alpha: Annotated[float, Field(gt=0, le=0.5)] = 0.05


class FixedSpec(Spec):
    """The part of a configuration in which no range may stand. study and register null take names of their own."""

    study: Name | None = None
    register_as: Name | None = Field(default=None, alias="register")
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    extend: bool = False
    replay: Annotated[int, Field(ge=0)] | None = None
    goal: GoalSpec = GoalSpec()
    goals: TwoGoals | None = None
    data: DataSpec
    folds: Annotated[FoldsSpec, ByKind] = FoldsSpec()
    budget: Budget = Budget()
    tuner: TunerSpec = TpeTuner(kind="tpe")
    race: RaceSpec = NoRace()
    execute: ExecutorSpec = HereExecutor()
    training: TrainingSpec = TrainingSpec()
    audit: AuditSpec = AuditSpec()
    ledger: LedgerSpec = LedgerSpec()
    tracking: Annotated[TrackingSpec, ByKind] = TrackingSpec()
    promotion: PromotionSpec = PromotionSpec()
    paths: Paths = Paths()

    @property
    def metric(self) -> str:
        """The metric that ranks trials, or `auto`."""
        return self.goals[0] if self.goals else self.goal.metric


@dataclass(frozen=True)
class StudySpec:
    """A whole study.

    `fixed` is what no trial changes; `template` with `space` is the searched part; `recipe` is the plain configuration that
    decides the study's numbers, as it is kept in the ledger; `openings` are the points that are tried first.
    """

    name: str
    register: str
    fixed: FixedSpec
    template: Tree
    space: Space
    recipe: Mapping[str, Any]
    openings: tuple[Params, ...]

    @property
    def folder(self) -> Path:
        """Where the study's files go."""
        return Path(self.fixed.paths.runs).resolve() / "studies" / self.name


@dataclass(frozen=True)
class TrialJob:
    """Everything that a worker needs to know of a trial, beside the data.

    costs: which of goal.COSTS are measured, beside the parameters. at_most: bounds on them, checked before training.
    """

    number: int
    params: Params
    seed: int
    spec: TrialSpec
    goal: Goal
    engine: Literal["auto", "fused", "keras"] = "auto"
    costs: tuple[str, ...] = ()
    at_most: Mapping[str, float] = field(default_factory=dict)
    race: Race | None = None

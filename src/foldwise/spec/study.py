"""A study: the part that no trial changes, and the search space.

The groups that conf/tune.yaml holds itself (goal, budget, training, audit, promotion) are here; the others have files of their
own in this room. Every mapping with a `kind` is one class, and a bare word is a mapping of that kind with its
defaults: `tuner: random` is `tuner: {kind: random}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from foldwise.spec.backbone import BackboneSpec
from foldwise.spec.base import ByKind, Listed, Name, Spec, Words
from foldwise.spec.card import CardSpec
from foldwise.spec.certify import AnswersSpec, CertificateKind, CertifySpec, EnsembleSpec, SelectSpec
from foldwise.spec.data import TableSpec
from foldwise.spec.execute import ExecutorSpec, HereExecutor
from foldwise.spec.explain import ExplainSpec
from foldwise.spec.folds import FoldsSpec
from foldwise.spec.goal import COSTS, METRICS, is_metric, unknown_metric
from foldwise.spec.images import ImageSpec
from foldwise.spec.notify import NotifyAddress
from foldwise.spec.places import LedgerSpec, Paths, TrackingSpec
from foldwise.spec.race import NoRace, RaceSpec
from foldwise.spec.settled import Settled, or_auto
from foldwise.spec.sources import OtherTable
from foldwise.spec.space import Params, Space, Tree
from foldwise.spec.stored import Distinct
from foldwise.spec.trial import TrialSpec
from foldwise.spec.tuner import TpeTuner, TunerSpec
from foldwise.system.keras_backend import Backend
from foldwise.system.known_words import closest
from foldwise.system.limits import Limits

DataSpec = Annotated[TableSpec | ImageSpec | OtherTable, Field(discriminator="kind"), ByKind]


def _metric(name: str) -> str:
    if name != "auto" and not is_metric(name):
        raise ValueError(unknown_metric(name))
    return name


class GoalSpec(Spec):
    """The metric that ranks trials; `auto` is accuracy for classes and rmse for regression.

    at_most: upper bounds on the cost of a network; a network above one is not trained.
    """

    metric: Annotated[str, AfterValidator(_metric)] = "auto"
    direction: Literal["auto", "maximize", "minimize"] = "auto"
    at_most: Mapping[Literal["parameters", "latency_ms"], Annotated[float, Field(gt=0)]] = {}

    @property
    def bounds(self) -> Mapping[str, float]:
        """Cost -> upper bound."""
        return {str(name): bound for name, bound in self.at_most.items()}


def _metric_and_cost(goals: tuple[str, ...]) -> tuple[str, ...]:
    if len(goals) != 2 or not (goals[0] == "auto" or is_metric(goals[0])) or goals[1] not in COSTS:
        rule = f"must list a metric and one of {', '.join(COSTS)}, as in [accuracy,parameters]"
        meant = [closest(word, known) for word, known in zip(goals, (METRICS, COSTS), strict=False)]
        pair = f", did you mean goals=[{meant[0]},{meant[1]}]?" if len(goals) == 2 and all(meant) else ""
        raise ValueError(f"{rule}{pair}")
    return goals


TwoGoals = Annotated[Words, AfterValidator(_metric_and_cost)]


class Budget(Spec):
    """When a study ends: after `trials` in total, counted over all starts, or `seconds` of one start, refit included.

    converged: whether it also ends when further trials can gain less than the folds' noise.
    trial_seconds, trial_memory_mb: limits of a single trial. baseline_seconds: limit of the baselines of images, together.
    """

    trials: Annotated[int, Field(ge=1, le=1_000_000), or_auto()] = 20
    seconds: Annotated[float, Field(gt=0)] | None = None
    converged: bool = False
    trial_seconds: Annotated[float, Field(gt=0)] | None = None
    trial_memory_mb: Annotated[float, Field(gt=0)] | None = None
    baseline_seconds: Annotated[float, Field(gt=0)] | None = 30.0

    @property
    def limits(self) -> Limits:
        """The limits of a single trial."""
        return Limits(self.trial_seconds, self.trial_memory_mb)


# The models that a network has to beat.
BaselineName = Literal[
    "majority",
    "logistic",
    "logistic_balanced",
    "mean",
    "mean_box",
    "no_boxes",
    "ridge",
    "boosting",
    "boosting_balanced",
    "lightgbm",
    "xgboost",
    "catboost",
]


# Keras's policies of types: with a mixed one products are in 16 bits, weights stay in 32.
Precision = Literal["float32", "mixed_float16", "mixed_bfloat16"]


class TrainingSpec(Spec):
    """`fused` trains all folds of a trial as one program, `keras` one fold after another with Keras's own `fit`.

    `auto` chooses for each trial, by its network and its data. A trial that cannot be fused is always trained by `keras`.
    backend: what Keras computes with. precision: Keras's policy of types while a network trains; answers are in float32.
    """

    engine: Literal["auto", "fused", "keras"] = "auto"
    backend: Backend = "tensorflow"
    precision: Precision = "float32"


class AuditSpec(Spec):
    """What findings about the data do: all are reported; with `strict`, findings of checks not in `accept` end the run."""

    strict: bool = False
    accept: Words = ()


class PromotionSpec(Spec):
    """When a challenger replaces the champion, judged on rows that neither was trained on.

    kind: `test` compares both once, on rows held back. `evidence` adds up what all new rows say, look by look, during the
    champion's whole reign. `auto` is evidence for a metric that is a mean over rows and a look with enough new rows.
    margin: the minimum gain, in the goal's metric. alpha: how often a challenger that is not better is promoted, at most.
    require: with `better`, a model becomes the first champion only if its study's verdict is that it beats its baseline.
    """

    kind: Literal["auto", "evidence", "test"] = "auto"
    margin: Annotated[float, Field(ge=0)] = 0.0
    alpha: Annotated[float, Field(gt=0, le=0.5)] = 0.05
    require: Literal["any", "better"] = "any"

    def may_lead(self, answer: str | None) -> bool:
        """Whether a model with this verdict may become the first champion of its name."""
        return self.require in ("any", answer)


class FixedSpec(Spec):
    """The part of a configuration that allows no ranges.

    study: null is the name of the data with a hash of the configuration. register: null is the study's name if given, otherwise
    the name of the data. baselines: null is those that fit the data.
    """

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
    baselines: Annotated[tuple[BaselineName, ...], Listed, Distinct] | None = None
    tuner: TunerSpec = TpeTuner(kind="tpe")
    race: RaceSpec = NoRace()
    execute: ExecutorSpec = HereExecutor()
    training: TrainingSpec = TrainingSpec()
    audit: AuditSpec = AuditSpec()
    ledger: LedgerSpec = LedgerSpec()
    tracking: Annotated[TrackingSpec, ByKind] = TrackingSpec()
    promotion: PromotionSpec = PromotionSpec()
    certify: Annotated[CertifySpec, ByKind] = CertifySpec()
    select: SelectSpec = SelectSpec()
    ensemble: Annotated[EnsembleSpec, ByKind] = EnsembleSpec()
    answers: AnswersSpec = AnswersSpec()
    explain: Annotated[ExplainSpec, ByKind] = ExplainSpec()
    card: CardSpec = CardSpec()
    notify: NotifyAddress | None = None
    notify_private: bool = False
    screen: Literal["full", "quiet"] = "full"
    paths: Paths = Paths()

    @property
    def metric(self) -> str:
        """The metric that ranks trials, or `auto`."""
        return self.goals[0] if self.goals else self.goal.metric

    @property
    def certified(self) -> CertificateKind:
        """What is said of the best trial: what `certify.kind` asks for, and with `select.rule=fresh` fresh runs as well."""
        kind = self.certify.kind
        return "both" if kind == "bbc" and self.select.rule == "fresh" else kind

    @property
    def fresh_trainings(self) -> int:
        """How many trainings follow the search, for the certificate."""
        again = self.certified in ("seeds", "both") and not self.folds.same_rows
        return min(self.certify.top + 1, self.budget.trials) * self.certify.seeds if again else 0


@dataclass(frozen=True)
class StudySpec:
    """A whole study.

    fixed: the part that no trial changes. template, space: the searched part. recipe: the plain configuration that determines
    the study's results, as stored in the ledger. openings: the points that are tried first.
    corners: the trials at the defaults and at both ends of every range, against which the data are checked.
    settled: what `auto` was settled to by the rows; None where they decided nothing.
    """

    name: str
    register: str
    fixed: FixedSpec
    template: Tree
    space: Space
    recipe: Mapping[str, Any]
    openings: tuple[Params, ...]
    corners: tuple[TrialSpec, ...]
    settled: Settled | None = None

    @property
    def folder(self) -> Path:
        """The folder of the study's files."""
        return Path(self.fixed.paths.runs).resolve() / "studies" / self.name

    @property
    def weight_files(self) -> frozenset[str]:
        """The sha256 of each file of weights that its networks begin with."""
        backbones = [trial.model for trial in self.corners if isinstance(trial.model, BackboneSpec)]
        return frozenset(model.sha256 for model in backbones if model.sha256 is not None)

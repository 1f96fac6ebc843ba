"""The tuners, which propose the next trial, and their options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from foldwise.spec.base import ByKind, Listed, Spec

Count = Annotated[int, Field(ge=1, le=100_000)]
Share = Annotated[float, Field(ge=0, le=1)]


class Search(Spec):
    """What every search can start from.

    first: configurations to try first, as values by dotted name; a range that is left out takes its default.
    warm_start: a finished study in the same ledger with the same metric, whose trials the tuner learns from first.
    """

    first: Annotated[tuple[Mapping[str, Any], ...], Listed] = ()
    warm_start: str | None = None


class RandomTuner(Search):
    """Independent draws."""

    kind: Literal["random"]


class GridTuner(Search):
    """Every point of a finite space once, in an order determined by the seed."""

    kind: Literal["grid"]


class TpeTuner(Search):
    """Optuna's tree-structured Parzen estimator; the first `startup` trials are random."""

    kind: Literal["tpe"]
    startup: Count = 10


class CmaesTuner(Search):
    """Optuna's CMA-ES: a normal distribution over the numeric ranges, updated after every `population` trials.

    population None is 4 + 3 ln(ranges). Choices and ranges inside options are drawn by TPE.
    """

    kind: Literal["cmaes"]
    startup: Count = 1
    population: Annotated[int, Field(ge=2, le=10_000)] | None = None


class Nsga2Tuner(Search):
    """Optuna's NSGA-II, a genetic algorithm for one goal or two; the first `population` trials are random.

    crossover: probability that a child has two parents. swapping: probability that a value comes from the second parent.
    mutation: probability that a value is drawn anew; None is one value per child on average.
    """

    kind: Literal["nsga2"]
    population: Annotated[int, Field(ge=2, le=10_000)] = 20
    crossover: Share = 0.9
    swapping: Share = 0.5
    mutation: Share | None = None


class QmcTuner(Search):
    """Optuna's quasi-random sequence. It learns nothing, but covers the space more evenly than independent draws.

    Without `scramble` the points are the same for all seeds.
    """

    kind: Literal["qmc"]
    sequence: Literal["sobol", "halton"] = "sobol"
    scramble: bool = True


class OptunaRandomTuner(Search):
    """Optuna's independent draws."""

    kind: Literal["optuna_random"]


class GpTuner(Search):
    """Optuna's Gaussian process; the first `startup` trials are random. `deterministic` treats scores as free of noise."""

    kind: Literal["gp"]
    startup: Count = 10
    deterministic: bool = False


class KtRandomTuner(Search):
    """KerasTuner's random search, which never draws a configuration twice."""

    kind: Literal["kt_random"]


class KtBayesianTuner(Search):
    """KerasTuner's Gaussian process; the first `startup` trials are random, None is 3 for each range.

    alpha: variance of the noise in (standardised) scores. beta: exploration; the number of standard deviations that are added
    to the expected score of a point.
    """

    kind: Literal["kt_bayesian"]
    startup: Count | None = None
    alpha: Annotated[float, Field(gt=0)] = 1e-4
    beta: Annotated[float, Field(ge=0)] = 2.6


class KtGridTuner(Search):
    """KerasTuner's grid search: all combinations in order, with ten values of each range that is not countable."""

    kind: Literal["kt_grid"]


class KtHyperbandTuner(Search):
    """KerasTuner's Hyperband: many trials of few epochs; the best of each round run again with `factor` times the epochs.

    The most epochs are fit.epochs. iterations: how often the whole schedule is run.
    """

    kind: Literal["kt_hyperband"]
    factor: Annotated[int, Field(ge=2, le=100)] = 3
    iterations: Annotated[int, Field(ge=1, le=100)] = 1


OptunaSpec = CmaesTuner | GpTuner | Nsga2Tuner | OptunaRandomTuner | QmcTuner | TpeTuner
KerasTunerSpec = KtBayesianTuner | KtGridTuner | KtHyperbandTuner | KtRandomTuner
TunerSpec = Annotated[OptunaSpec | KerasTunerSpec | GridTuner | RandomTuner, Field(discriminator="kind"), ByKind]

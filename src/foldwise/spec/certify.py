"""What is said of the best trial after a search, and which trial is refitted."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from foldwise.spec.base import Spec

CertificateKind = Literal["none", "bbc", "seeds", "both"]


class CertifySpec(Spec):
    """What the score of the best trial is worth, as it was chosen among many.

    kind: `bbc` corrects it by a bootstrap of the whole search; `seeds` trains the best trials again on fresh seeds and fresh
    splits; `both` does both. top: the trials that are trained again, and the defaults. seeds: how many times each.
    keep_mb: of out-of-fold predictions that a study keeps.
    """

    kind: CertificateKind = "bbc"
    top: Annotated[int, Field(ge=1, le=100)] = 5
    seeds: Annotated[int, Field(ge=2, le=100)] = 5
    keep_mb: Annotated[float, Field(gt=0)] = 64.0


class AnswersSpec(Spec):
    """What a model's answers say about themselves.

    coverage: the share of true numbers between `low` and `high`; None leaves both out. calibrate: whether probabilities are
    calibrated on out-of-fold predictions; `auto`: where that lowers their log loss.
    """

    coverage: Annotated[float, Field(ge=0.5, lt=1)] | None = 0.9
    calibrate: Literal["auto"] | bool = "auto"


class SelectSpec(Spec):
    """Which trial is refitted: `best`, or with `one_se` the smallest network within one standard error of the best that is the
    defaults or better than they are by the corrected paired test. If there is none, it is the defaults, where they are within
    that error and the best is not better by that test.

    With `fresh` it is the best on fresh seeds and splits, where it is better than the defaults beyond doubt; else the defaults.
    """

    rule: Literal["best", "one_se", "fresh"] = "best"


class EnsembleSpec(Spec):
    """Whether several trials answer together.

    kind: `greedy` chooses them by their out-of-fold predictions. most: how many different trials at most.
    """

    kind: Literal["none", "greedy"] = "none"
    most: Annotated[int, Field(ge=2, le=50)] = 10

"""What is said of the best trial after a search, and which trial is refitted."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from foldwise.spec.base import Spec


class CertifySpec(Spec):
    """What the score of the best trial is worth, as it was chosen among many.

    kind: `bbc` corrects it by a bootstrap of the whole search. keep_mb: of out-of-fold predictions that a study keeps.
    """

    kind: Literal["none", "bbc"] = "bbc"
    keep_mb: Annotated[float, Field(gt=0)] = 64.0


class SelectSpec(Spec):
    """Which trial is refitted: `best`, or with `one_se` the smallest network within one standard error of the best."""

    rule: Literal["best", "one_se"] = "best"

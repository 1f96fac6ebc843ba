"""How classes of unequal size are balanced, among training rows only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from foldwise.spec.base import Spec

Ratio = Annotated[float, Field(gt=0, le=1)]  # of a class's rows to those of the largest one, afterwards


Neighbours = Annotated[int, Field(ge=1)]


class NoBalance(Spec):
    """Training rows as they are."""

    kind: Literal["none"] = "none"


class ClassWeight(Spec):
    """Every row counts `n / (k * count)`, so that all k classes count the same. No row is added or left out."""

    kind: Literal["class_weight"]


class Oversample(Spec):
    """Rows of small classes are repeated at random until there are `ratio` times as many as of the largest class."""

    kind: Literal["oversample"]
    ratio: Ratio = 1.0


class Undersample(Spec):
    """Rows of large classes are left out at random until the smallest class has `ratio` times as many as they."""

    kind: Literal["undersample"]
    ratio: Ratio = 1.0


class Smote(Spec):
    """As oversample, with new rows between a row and one of its nearest `neighbours` of the same class."""

    kind: Literal["smote"]
    ratio: Ratio = 1.0
    neighbours: Neighbours = 5


class SmoteTomek(Spec):
    """As smote; then pairs of nearest rows with different classes are taken out."""

    kind: Literal["smote_tomek"]
    ratio: Ratio = 1.0
    neighbours: Neighbours = 5


def _one_remedy(value: Any) -> Any:
    """A mapping of one kind; several kinds at once would count the rare classes twice."""
    kinds = ("none", "class_weight", "oversample", "undersample", "smote", "smote_tomek")
    value = {"kind": value} if isinstance(value, str) else value
    named = [value.get("kind"), *value] if isinstance(value, Mapping) else value if isinstance(value, list) else []
    both = [kind for kind in kinds if kind in named]
    if len(both) > 1:
        raise ValueError(f"{' and '.join(both)} at once would balance twice; choose one")
    return value


BalanceSpec = Annotated[
    NoBalance | ClassWeight | Oversample | Undersample | Smote | SmoteTomek,
    Field(discriminator="kind"),
    BeforeValidator(_one_remedy),
]

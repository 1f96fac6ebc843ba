"""Ways to balance classes of unequal size. They change training rows only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from foldwise.spec.base import Spec

Ratio = Annotated[float, Field(gt=0, le=1)]  # rows of a class for each row of the largest class, after balancing
Neighbours = Annotated[int, Field(ge=1)]
KEEP_ROWS = ("none", "class_weight")  # kinds that neither add nor drop training rows
MIXES_ROWS = ("smote", "smote_tomek")  # kinds that make new rows from others


class NoBalance(Spec):
    """Training rows are left unchanged."""

    kind: Literal["none"] = "none"


class ClassWeight(Spec):
    """Each row has weight `n / (k * count)`, so that all k classes weigh the same. No row is added or removed."""

    kind: Literal["class_weight"]


class Oversample(Spec):
    """Rows of small classes are repeated at random until each class has `ratio` times the rows of the largest class."""

    kind: Literal["oversample"]
    ratio: Ratio = 1.0


class Undersample(Spec):
    """Rows of large classes are dropped at random until the smallest class has `ratio` times the rows of each."""

    kind: Literal["undersample"]
    ratio: Ratio = 1.0


class Smote(Spec):
    """Like oversample, but new rows lie between a row and one of its nearest `neighbours` of the same class."""

    kind: Literal["smote"]
    ratio: Ratio = 1.0
    neighbours: Neighbours = 5


class SmoteTomek(Spec):
    """Like smote, followed by removing pairs of mutually nearest rows of different classes (Tomek links)."""

    kind: Literal["smote_tomek"]
    ratio: Ratio = 1.0
    neighbours: Neighbours = 5


def _one_kind(value: Any) -> Any:
    """Expand a bare word to a mapping, and refuse several kinds at once: they would balance twice."""
    kinds = ("none", "class_weight", "oversample", "undersample", "smote", "smote_tomek")
    value = {"kind": value} if isinstance(value, str) else value
    named = [value.get("kind"), *value] if isinstance(value, Mapping) else value if isinstance(value, list) else []
    both = [kind for kind in kinds if kind in named]
    if len(both) > 1:
        raise ValueError(f"{' and '.join(both)} together would balance the classes twice; choose one")
    return value


BalanceSpec = Annotated[
    NoBalance | ClassWeight | Oversample | Undersample | Smote | SmoteTomek,
    Field(discriminator="kind"),
    BeforeValidator(_one_kind),
]

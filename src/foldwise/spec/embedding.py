"""How a network takes numbers and categories before its first hidden layer."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from foldwise.spec.base import ByKind, Spec

Count = Annotated[int, Field(ge=1, le=4096)]
Positive = Annotated[float, Field(gt=0)]


class NoNumericEmbedding(Spec):
    """Each number is one feature."""

    kind: Literal["none"] = "none"


class Periodic(Spec):
    """PLR: of each number x, `relu(W [cos(2 pi f x), sin(2 pi f x)] + b)`, `width` features.

    frequencies: how many f a number has. sigma: the standard deviation of their first values.

    Source: Gorishniy et al. 2022, On embeddings for numerical features in tabular deep learning.
    """

    kind: Literal["plr"] = "plr"
    frequencies: Count = 16
    sigma: Positive = 0.1
    width: Count = 8


class PeriodicBias(Spec):
    """PBLD: each number x, and beside it `W cos(2 pi f x + p) + b`; `width` features with x.

    frequencies: how many f and phases p a number has. sigma: the standard deviation of the first f; phases begin between -pi
        and pi.

    Source: Holzmueller et al. 2024, Better by default (RealMLP).
    """

    kind: Literal["pbld"] = "pbld"
    frequencies: Count = 16
    sigma: Positive = 0.1
    width: Annotated[int, Field(ge=2, le=4096)] = 4


class PiecewiseLinear(Spec):
    """PLE: each number x as its place in each of `bins` bins, between 0 and 1, then `W e + b`, `width` features.

    The bins follow from the training rows: they have equally many rows (quantiles), or a decision tree on the target cuts them
    (tree). They are never trained.

    Source: Gorishniy et al. 2022, On embeddings for numerical features in tabular deep learning.
    """

    kind: Literal["ple"] = "ple"
    bins: Annotated[int, Field(ge=2, le=4096)] = 48
    by: Literal["quantiles", "tree"] = "quantiles"
    width: Count = 8


NumericEmbedding = Annotated[
    NoNumericEmbedding | Periodic | PeriodicBias | PiecewiseLinear, Field(discriminator="kind"), ByKind
]


class NoCategoryEmbedding(Spec):
    """Each level of a category is one feature."""

    kind: Literal["none"] = "none"


class LearnedCategories(Spec):
    """A category of `from_levels` levels or more becomes `width` features, which are learned; fewer levels stay as they are."""

    kind: Literal["learned"] = "learned"
    from_levels: Annotated[int, Field(ge=2)] = 9
    width: Count = 8


CategoryEmbedding = Annotated[NoCategoryEmbedding | LearnedCategories, Field(discriminator="kind"), ByKind]

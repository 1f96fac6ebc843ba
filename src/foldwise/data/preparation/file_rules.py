"""The rules of `preparation.json`. Anybody who can write the file can put anything into it, so every field is judged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Discriminator, Field, Tag, ValidatorFunctionWrapHandler, WrapValidator, model_validator

from foldwise.data.preparation.scale import MOST_QUANTILES
from foldwise.spec.base import Listed, Spec
from foldwise.spec.stored import (
    LARGEST,
    MOST_FEATURES,
    MOST_PARTS,
    Ascending,
    Distinct,
    Finite,
    ImageShape,
    NonEmpty,
    Positive,
    Text,
    distinct,
)

Part = Literal["year", "month", "weekday", "hour"]
Levelled = Annotated[tuple[Text | None, ...], Listed, Field(max_length=MOST_PARTS)]


class PowerRules(Spec):
    """A Yeo-Johnson curve."""

    exponent: Finite


class RanksRules(Spec):
    """A curve of quantiles."""

    quantiles: Annotated[tuple[Finite, ...], Listed, Field(min_length=1, max_length=MOST_QUANTILES), Ascending]
    normal: bool


class SmoothClipRules(Spec):
    """A robust scaling that keeps values between two ends."""

    median: Finite
    factor: Annotated[float, Field(ge=0, le=LARGEST)]


def _curve_kind(value: Any) -> str:
    """The kind of a curve, by a field that only this kind has."""
    fields = value if isinstance(value, Mapping) else {}
    return "power" if "exponent" in fields else "smooth_clip" if "factor" in fields else "ranks"


CurveRules = Annotated[
    Annotated[PowerRules, Tag("power")] | Annotated[RanksRules, Tag("ranks")] | Annotated[SmoothClipRules, Tag("smooth_clip")],
    Discriminator(_curve_kind),
]


class NumberRules(Spec):
    """A number column."""

    name: NonEmpty
    fill: Finite
    center: Finite
    scale: Positive
    indicator: bool = False
    curve: CurveRules | None = None


class LevelsRules(Spec):
    """A category column."""

    name: NonEmpty
    own: Levelled
    rare: Levelled = ()
    fill: Text | None = None
    drop_first: bool = False

    @model_validator(mode="after")
    def _known(self) -> LevelsRules:
        distinct((*self.own, *self.rare))
        if self.fill is not None and self.fill not in {*self.own, *self.rare}:
            raise ValueError("fill must be one of the levels")
        return self


class DateRules(Spec):
    """A date column."""

    name: NonEmpty
    parts: Annotated[tuple[Part, ...], Listed, Field(min_length=1), Distinct]
    cyclic: bool


class HashedRules(Spec):
    """A text column."""

    name: NonEmpty
    width: Annotated[int, Field(ge=2, le=65536)]


def _of_each(value: Any, rule: ValidatorFunctionWrapHandler) -> Any:
    """Judge a number, or each in a list of them: of several targets."""
    if not isinstance(value, list):
        return rule(value)
    if not 2 <= len(value) <= MOST_PARTS:
        raise ValueError(f"has {len(value)} numbers, and a list has 2 to {MOST_PARTS}")
    if None in value:
        raise ValueError("has a gap in its list of numbers")
    return tuple(rule(one) for one in value)


OfEach = WrapValidator(_of_each)


class TargetRules(Spec):
    """The scale of the target; of several numbers a list for each of its values."""

    mean: Annotated[Finite, OfEach] = 0.0
    sd: Annotated[Positive, OfEach] = 1.0
    log: bool = False
    low: Annotated[Finite | None, OfEach] = None
    high: Annotated[Finite | None, OfEach] = None

    @model_validator(mode="after")
    def _range(self) -> TargetRules:
        given = [value for value in (self.mean, self.sd, self.low, self.high) if value is not None]
        if len({np.shape(value) for value in given}) > 1:
            raise ValueError("mean, sd, low and high must be of the same targets")
        if self.low is not None and self.high is not None and np.any(np.asarray(self.low) > np.asarray(self.high)):
            raise ValueError("low must not be above high")
        return self


class ImageRules(Spec):
    """A preparation of images."""

    shape: ImageShape
    center: Annotated[tuple[Finite, ...], Listed]
    scale: Annotated[tuple[Positive, ...], Listed]
    target: TargetRules

    @model_validator(mode="after")
    def _channels(self) -> ImageRules:
        if not len(self.center) == len(self.scale) == self.shape[2]:
            raise ValueError("must have one center and one scale for each channel")
        return self


class TableRules(Spec):
    """A preparation of columns."""

    numbers: Annotated[tuple[NumberRules, ...], Listed, Field(max_length=MOST_PARTS)]
    categories: Annotated[tuple[LevelsRules, ...], Listed, Field(max_length=MOST_PARTS)]
    target: TargetRules
    dates: Annotated[tuple[DateRules, ...], Listed, Field(max_length=MOST_PARTS)]
    texts: Annotated[tuple[HashedRules, ...], Listed, Field(max_length=MOST_PARTS)]
    kept: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Listed, Field(min_length=1), Distinct] | None

    @model_validator(mode="after")
    def _agrees(self) -> TableRules:
        for parts in (self.numbers, self.categories, self.dates, self.texts):
            distinct(tuple(part.name for part in parts))
        made = self._made
        if not 1 <= made <= MOST_FEATURES:
            raise ValueError(f"makes {made} features, and 1 to {MOST_FEATURES} are read")
        if self.kept is not None and max(self.kept) >= made:
            raise ValueError(f"kept: names feature {max(self.kept)} of {made}")
        return self

    @property
    def _made(self) -> int:
        """The number of features before a selection, counted without naming them."""
        numbers = sum(1 + number.indicator for number in self.numbers)
        levels = sum(len(part.own) + bool(part.rare) - part.drop_first for part in self.categories)
        return numbers + sum(text.width for text in self.texts) + levels

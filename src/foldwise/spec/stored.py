"""Rules for values that a file of ours holds, which somebody else may have written."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, Field, ValidationError

from foldwise.spec.base import Listed

MOST_TEXT = 2**16  # characters of a name, a label or a level
MOST_PARTS = 2**20  # columns, levels or labels
MOST_FEATURES = 2**23
LARGEST = 1e300  # far beyond any cell, and its difference from another is still a number

Item = TypeVar("Item")

Text = Annotated[str, Field(max_length=MOST_TEXT)]
NonEmpty = Annotated[str, Field(min_length=1, max_length=MOST_TEXT)]
Finite = Annotated[float, Field(ge=-LARGEST, le=LARGEST)]
Positive = Annotated[float, Field(gt=0, le=LARGEST)]
Share = Annotated[float, Field(ge=0, le=1)]
Texts = Annotated[tuple[Text, ...], Listed, Field(max_length=MOST_PARTS)]
Side = Annotated[int, Field(ge=1, le=10_000)]


def _few_pixels(shape: tuple[int, int, int]) -> tuple[int, int, int]:
    height, width, channels = shape
    if height * width * channels > MOST_FEATURES:
        raise ValueError(f"has more than {MOST_FEATURES} values")
    return shape


ImageShape = Annotated[tuple[Side, Side, Side], Listed, AfterValidator(_few_pixels)]


def distinct(values: tuple[Item, ...]) -> tuple[Item, ...]:
    """The same values.

    Raises:
        ValueError: one occurs twice.
    """
    if len(set(values)) < len(values):
        seen: set[Item] = set()
        for value in values:
            if value in seen:
                raise ValueError(f"has {str(value)[:80]!r} twice")
            seen.add(value)
    return values


Distinct = AfterValidator(distinct)


def ascending(values: tuple[float, ...]) -> tuple[float, ...]:
    """The same values.

    Raises:
        ValueError: one is smaller than the value before it.
    """
    if any(after < before for before, after in pairwise(values)):
        raise ValueError("must be in ascending order")
    return values


Ascending = AfterValidator(ascending)


def first_fault(error: ValidationError) -> str:
    """The first of pydantic's findings in one line: the dotted key, the rule, and a plain value."""
    finding = error.errors(include_url=False)[0]
    key = ".".join(str(word)[:80] for word in finding["loc"])
    context: Mapping[str, Any] = finding.get("ctx", {})
    rule = str(context["error"]) if finding["type"] == "value_error" else finding["msg"]
    given = finding["input"]
    plain = finding["type"] not in ("missing", "value_error") and isinstance(given, (str, int, float, bool))
    got = f", got {str(given)[:80]!r}" if plain else ""
    return " ".join(f"{key + ': ' if key else ''}{rule}{got}".split())

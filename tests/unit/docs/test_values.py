"""The values of a field in words."""

from collections.abc import Mapping
from typing import Annotated, Literal

import pytest
from pydantic import Field

from docs.site.values import described
from foldwise.spec.base import Listed, Words


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (bool, "true or false"),
        (Annotated[int, Field(ge=1, le=1_000_000)] | None, "whole number 1 to 1,000,000 · null"),
        (Annotated[float, Field(gt=0, lt=1)] | Literal["auto"], "number > 0, < 1 · `auto`"),
        (Words, "list of text"),
        (Annotated[tuple[int, int], Listed], "list of 2 × whole number"),
        (Mapping[str, Literal["a", "b"]], "text: `a` · `b`"),
        (Literal[True, 1], "`true` · `1`"),
    ],
)
def test_a_type_is_described(kind, words):
    assert described(kind) == words

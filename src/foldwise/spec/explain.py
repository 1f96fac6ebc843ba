"""What is looked at after the verdict: columns, rows, and how many rows there are."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from foldwise.spec.base import Spec


class ExplainSpec(Spec):
    """What the answers of the chosen trial rest on, measured on rows that the answering network did not learn from.

    kind: `auto` does what takes a minute, or a tenth of the search; `full` does all of it.
    repeats: how often each column is shuffled. columns, rows: how many are shuffled at most. worst: rows that are kept.
    more_rows: whether the trial is trained on fewer rows too.
    """

    kind: Literal["auto", "full", "none"] = "auto"
    repeats: Annotated[int, Field(ge=1, le=1000)] = 5
    columns: Annotated[int, Field(ge=1, le=10_000)] = 30
    rows: Annotated[int, Field(ge=20)] = 10_000
    worst: Annotated[int, Field(ge=0, le=10_000)] = 20
    more_rows: bool = False

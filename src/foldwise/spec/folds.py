"""How development rows are split into folds."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from foldwise.spec.base import Spec


class FoldsSpec(Spec):
    """How development rows are split.

    `auto` splits by group or time if given; otherwise stratified for classes and shuffled for numbers.
    """

    kind: Literal["auto", "stratified", "kfold", "grouped", "forward", "split"] = "auto"
    # None: 10 up to 2000 rows, 5 beyond; fewer if a fold would lack a class
    count: Annotated[int, Field(ge=2, le=1000)] | None = None
    share: Annotated[float, Field(gt=0, lt=1)] = 0.125  # of the development rows; only `split` uses it

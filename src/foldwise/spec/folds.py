"""How development rows are cut into folds."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from foldwise.spec.base import Spec


class FoldsSpec(Spec):
    """How development rows are cut. `auto`: by group or time where given, else stratified for classes, plain for numbers."""

    kind: Literal["auto", "stratified", "kfold", "grouped", "forward", "split"] = "auto"
    count: Annotated[int, Field(ge=2, le=1000)] | None = None  # 10 up to 2000 rows, 5 beyond, never more than the rarest class
    share: Annotated[float, Field(gt=0, lt=1)] = 0.125  # of the development rows; only kind `split` uses it

"""How development rows are split into folds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from foldwise.spec.base import BadKey, Spec
from foldwise.spec.settled import or_auto

# Up to this many rows cannot be split usefully; the proposal for tables of lectures.
A_FEW = 20
FOR_A_FEW = "for a table of a few rows set folds=none data.holdout.kind=none, to train and judge on all of them"


class FoldsSpec(Spec):
    """How development rows are split.

    `auto` splits by group or time if given; otherwise stratified for classes and shuffled for numbers. `given` takes the
    split from a column or a second file. `none` trains and judges on the same rows.
    """

    kind: Literal["auto", "stratified", "kfold", "grouped", "forward", "split", "given", "none"] = "auto"
    # None: 10 up to 2000 rows, 5 beyond; fewer if a fold would lack a class
    count: Annotated[Annotated[int, Field(ge=2, le=1000)] | None, or_auto()] = None
    share: Annotated[float, Field(gt=0, lt=1)] = 0.125  # of the rows that `of` counts; only `split` uses it
    of: Literal["development", "all"] = "development"  # `all` counts the holdout too; only `split` uses it
    column: str | None = None  # says train, validation or test; only `given` uses it
    path: str | None = None  # a file of validation rows, or a folder or archive of images; only `given` uses it

    @model_validator(mode="after")
    def _one_source(self) -> FoldsSpec:
        if self.kind != "given":
            for key in ("column", "path"):
                if getattr(self, key) is not None:
                    raise BadKey(key, f"is for folds=given, and folds.kind is {self.kind}; leave it out or set folds=given")
        elif (self.column is None) == (self.path is None):
            rule = "given needs folds.column (says train, validation or test) or folds.path (a file of validation rows)"
            raise BadKey("kind", f"{rule}, and not both")
        return self

    @property
    def same_rows(self) -> bool:
        """Whether networks are judged on the rows that they are trained on."""
        return self.kind == "none"


def on_same_rows(recipe: Mapping[str, Any]) -> bool:
    """Whether the trials of a recipe are judged on the rows that they are trained on."""
    folds = recipe.get("folds")
    return (folds.get("kind") if isinstance(folds, Mapping) else folds) == "none"

"""Constraints: what the weights into a unit are brought to after each step."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, model_validator

from foldwise.spec.base import BadKey, ByKind, Spec


class NoConstraint(Spec):
    """None."""

    kind: Literal["none"] = "none"


class MaxNorm(Spec):
    """The norm of the weights into a unit, or of a filter, is at most `max_value`."""

    kind: Literal["max_norm"]
    max_value: Annotated[float, Field(gt=0)] = 2.0


class NonNeg(Spec):
    """A weight below 0 becomes 0."""

    kind: Literal["non_neg"]


class UnitNorm(Spec):
    """The norm of the weights into a unit, or of a filter, is 1."""

    kind: Literal["unit_norm"]


class MinMaxNorm(Spec):
    """The norm of the weights into a unit, or of a filter, moves by the share `rate` into `min_value` to `max_value`."""

    kind: Literal["min_max_norm"]
    min_value: Annotated[float, Field(ge=0)] = 0.0
    max_value: Annotated[float, Field(gt=0)] = 1.0
    rate: Annotated[float, Field(ge=0, le=1)] = 1.0

    @model_validator(mode="after")
    def _in_order(self) -> MinMaxNorm:
        if self.min_value > self.max_value:
            raise BadKey("min_value", f"min_value <= max_value must hold, got {self.min_value:g} and {self.max_value:g}")
        return self


ConstraintSpec = Annotated[
    NoConstraint | MaxNorm | NonNeg | UnitNorm | MinMaxNorm,
    Field(discriminator="kind"),
    ByKind,
]
CONSTRAINT: TypeAdapter[NoConstraint | MaxNorm | NonNeg | UnitNorm | MinMaxNorm] = TypeAdapter(ConstraintSpec)
NO_CONSTRAINT = NoConstraint()

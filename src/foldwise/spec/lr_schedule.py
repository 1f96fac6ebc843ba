"""Learning rate schedules. lr0 is the optimizer's learning rate; `warmup` epochs of a linear rise come first."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from foldwise.spec.base import ByKind, Spec

Share = Annotated[float, Field(ge=0, le=1)]
Warmup = Annotated[int, Field(ge=0)]


class Constant(Spec):
    """lr0 at every epoch."""

    kind: Literal["constant"] = "constant"
    warmup: Warmup = 0


class TimeBased(Spec):
    """`lr0 / (1 + decay * epoch)`."""

    kind: Literal["time_based"]
    decay: Annotated[float, Field(ge=0)] = 0.001
    warmup: Warmup = 0


class Drop(Spec):
    """`lr0 * rate ** floor((1 + epoch) / every)`."""

    kind: Literal["drop"]
    rate: Annotated[float, Field(gt=0, le=1)] = 0.5
    every: Annotated[int, Field(ge=1)] = 10
    warmup: Warmup = 0


class Exponential(Spec):
    """`lr0 * rate ** epoch`."""

    kind: Literal["exponential"]
    rate: Annotated[float, Field(gt=0, le=1)] = 0.97
    warmup: Warmup = 0


class Polynomial(Spec):
    """From lr0 to `end * lr0` along `(1 - t) ** power`."""

    kind: Literal["polynomial"]
    end: Share = 0.0
    power: Annotated[float, Field(gt=0)] = 1.0
    warmup: Warmup = 0


class Cosine(Spec):
    """From lr0 to `end * lr0` along half a cosine."""

    kind: Literal["cosine"]
    end: Share = 0.0
    warmup: Warmup = 0


class OneCycle(Spec):
    """Up from `start * lr0` to lr0 during the `rise` share of the epochs, then down to `end * lr0`."""

    kind: Literal["one_cycle"]
    rise: Annotated[float, Field(gt=0, lt=1)] = 0.3
    start: Share = 0.04
    end: Share = 0.0001
    warmup: Warmup = 0


class PlateauDrop(Spec):
    """The rate is multiplied by `factor` when the validation loss has not fallen by `min_delta` for `patience` epochs."""

    kind: Literal["plateau"]
    factor: Annotated[float, Field(gt=0, lt=1)] = 0.5
    patience: Annotated[int, Field(ge=1)] = 5
    min_delta: Annotated[float, Field(ge=0)] = 0.0001
    min_rate: Annotated[float, Field(ge=0)] = 0.0
    cooldown: Annotated[int, Field(ge=0)] = 0
    warmup: Warmup = 0


LrScheduleSpec = Annotated[
    Constant | TimeBased | Drop | Exponential | Polynomial | Cosine | OneCycle | PlateauDrop,
    Field(discriminator="kind"),
    ByKind,
]

"""Learning rate schedules. lr0 is the optimizer's learning rate; `warmup` epochs of a linear rise come first."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, InstanceOf, PlainSerializer, model_validator

from foldwise.spec.base import ByKind, Spec
from foldwise.spec.python_value import PythonFunction

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


class CosLog(Spec):
    """`lr0 / 2 * (1 - cos(2 pi log2(1 + (2^cycles - 1) t)))`: waves between 0 and lr0 that grow longer.

    t is the middle of the epoch, as a share of all epochs, so that every epoch has a rate above 0.
    """

    kind: Literal["coslog"]
    cycles: Annotated[int, Field(ge=1, le=20)] = 4
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


RATE_NAMES = ("rate", "lr", "learning_rate")  # how a function may call the rate, also with a default


class PythonSchedule(BaseModel):
    """`schedule(epoch, rate)`, a function of the user's own; all further keys are arguments, and can be ranges.

    epoch counts from 0; rate is that of the epoch before, lr0 before the first, as for Keras's LearningRateScheduler. A
    function may do without the rate.
    """

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)
    warmup: ClassVar[int] = 0

    kind: Literal["python"]
    schedule: Annotated[InstanceOf[PythonFunction], PlainSerializer(lambda function: function.record, when_used="json")]

    @model_validator(mode="before")
    @classmethod
    def _from_python(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and type(values.get("schedule")) is not PythonFunction:
            raise ValueError(
                "kind python takes your own function of epoch and rate, and only from Python: "
                "foldwise.tune(lr_schedule={'kind': 'python', 'schedule': my_function}); in a shell use time_based, drop, "
                "exponential, polynomial, cosine, coslog, one_cycle or plateau"
            )
        return values

    @model_validator(mode="after")
    def _arguments_fit(self) -> PythonSchedule:
        name, parameters = self.schedule.name, self.schedule.parameters
        if not self._passed:
            raise ValueError(f"{name} must take the epoch and perhaps the rate, as def {name}(epoch, rate)")
        free = [word for word in list(parameters)[len(self._passed) :] if parameters[word].kind in _BY_NAME]
        self.schedule.check_settings(self.arguments, free)
        return self

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments beside epoch and rate."""
        return dict(self.model_extra or {})

    @property
    def _passed(self) -> list[str]:
        """The first parameters: that of the epoch, and that of the rate if the function takes it."""
        by_place = [p for p in self.schedule.parameters.values() if p.kind in _BY_PLACE][:2]
        rate = by_place[1:]
        takes = rate and (rate[0].default is rate[0].empty or rate[0].name in RATE_NAMES)
        return [parameter.name for parameter in (by_place if takes else by_place[:1])]

    def call(self, epoch: int, rate: float) -> Any:
        """What the function returns."""
        return self.schedule.function(*(epoch, rate)[: len(self._passed)], **self.arguments)


_BY_PLACE = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


LrScheduleSpec = Annotated[
    Constant | TimeBased | Drop | Exponential | Polynomial | Cosine | CosLog | OneCycle | PlateauDrop | PythonSchedule,
    Field(discriminator="kind"),
    ByKind,
]

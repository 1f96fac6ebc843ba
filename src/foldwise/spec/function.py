"""A network that a function of the user's own builds; from Python only."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, InstanceOf, model_validator

from foldwise.errors import did_you_mean
from foldwise.spec.python_value import PythonFunction

HANDED_OVER = ("inputs", "head")  # that every build function takes; `seed` is handed to those that name it


class FunctionSpec(BaseModel):
    """`build(inputs=..., head=..., **arguments)` gives the network; further keys are its arguments, and may be ranges.

    inputs is the number of features, head has the output layer's `units` and `activation`. Two specifications are equal
    where function and arguments are.
    """

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)
    output_activation: ClassVar[Literal["auto"]] = "auto"

    kind: Literal["python"]
    build: InstanceOf[PythonFunction]

    @model_validator(mode="before")
    @classmethod
    def _handed_over(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and type(values.get("build")) is not PythonFunction:
            raise ValueError(
                "kind python is a function of your own, from Python only: "
                "foldwise.tune(model={'kind': 'python', 'build': my_function}); a shell has the kinds mlp, cnn and layers"
            )
        return values

    @model_validator(mode="after")
    def _arguments_fit(self) -> FunctionSpec:
        name, parameters = self.build.name, inspect.signature(self.build.function).parameters
        named = {key for key, p in parameters.items() if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
        others = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
        if not others and not set(HANDED_OVER) <= named:
            raise ValueError(f"{name} must take inputs and head, as def {name}(inputs, head, units=32)")
        free = named - {*HANDED_OVER, "seed"}
        for argument in self.arguments:
            if argument not in free and (argument in named or not others):
                raise ValueError(f"{argument} is no argument of {name} that can be set{did_you_mean(argument, free)}")
        for argument in sorted(free - set(self.arguments)):
            if parameters[argument].default is inspect.Parameter.empty:
                raise ValueError(f"{argument} must be given: it is an argument of {name} without a default")
        return self

    @property
    def arguments(self) -> dict[str, Any]:
        """What the function is given beside features, head and seed."""
        return dict(self.model_extra or {})

    @property
    def takes_seed(self) -> bool:
        """Whether the function wants the seed itself, for layers that take one."""
        return "seed" in inspect.signature(self.build.function).parameters

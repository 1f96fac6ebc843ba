"""A network built by the user's own function; from Python only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, InstanceOf, model_validator

from foldwise.spec.python_value import PythonFunction

REQUIRED = ("inputs", "head")  # arguments every build function takes; `seed` is passed only to those that name it


def is_of_hp(build: PythonFunction) -> bool:
    """Whether a function has one argument, `hp`, as KerasTuner's."""
    return list(build.parameters) == ["hp"]


class FunctionSpec(BaseModel):
    """A network returned by `build(inputs=..., head=..., **arguments)`; all further keys are arguments, and can be ranges.
    KerasTuner's `build(hp)` is taken too; its ranges become such keys.

    inputs is the number of features; head has the output layer's `units` and `activation`. Two specifications are equal if
    their functions and arguments are.
    """

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)
    output_activation: ClassVar[Literal["auto"]] = "auto"

    kind: Literal["python"]
    build: InstanceOf[PythonFunction]

    @model_validator(mode="before")
    @classmethod
    def _from_python(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and type(values.get("build")) is not PythonFunction:
            raise ValueError(
                "kind python takes your own function, and only from Python: "
                "foldwise.tune(model={'kind': 'python', 'build': my_function}); in a shell use mlp, cnn or layers"
            )
        return values

    @model_validator(mode="after")
    def _arguments_fit(self) -> FunctionSpec:
        name, parameters = self.build.name, self.build.parameters
        if self.takes_hp:  # it says itself what it asks for
            return self
        named = {key for key, p in parameters.items() if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
        others = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
        if not others and not set(REQUIRED) <= named:
            raise ValueError(f"{name} must take inputs and head, as def {name}(inputs, head, units=32)")
        free = named - {*REQUIRED, "seed"}
        self.build.check_settings(self.arguments, sorted(free), reserved=named, others=others)
        return self

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments beside inputs, head and seed."""
        return dict(self.model_extra or {})

    @property
    def takes_hp(self) -> bool:
        """Whether the function is KerasTuner's `build(hp)`."""
        return is_of_hp(self.build)

    @property
    def takes_seed(self) -> bool:
        """Whether the function has a `seed` argument, for layers that take one."""
        return "seed" in self.build.parameters

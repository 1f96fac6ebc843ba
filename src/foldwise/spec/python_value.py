"""Values that only Python can pass, wrapped so that a configuration can hold them and a record can describe them."""

from __future__ import annotations

import hashlib
import inspect
import textwrap
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from foldwise.system.known_words import did_you_mean


@dataclass(frozen=True, eq=False)
class PythonFrame:
    """A pandas DataFrame, equal only to itself; tables are compared by their fingerprints."""

    frame: Any = field(repr=False)

    @property
    def record(self) -> dict[str, Any]:
        """Its shape."""
        return {"rows": int(self.frame.shape[0]), "columns": int(self.frame.shape[1])}


@dataclass(frozen=True)
class PythonFunction:
    """A function written with `def`. Its record depends on its name and source only.

    Raises:
        ValueError: not such a function, its source cannot be read, or it uses values of an enclosing function.
    """

    function: Callable[..., Any] = field(repr=False)
    name: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        name = getattr(self.function, "__qualname__", type(self.function).__name__)
        if not inspect.isfunction(self.function) or "<lambda>" in name:
            raise ValueError(f"must be a function written with def, got {name}")
        try:
            text = textwrap.dedent(inspect.getsource(self.function))
        except (OSError, TypeError):
            raise ValueError(
                f"the source of {name} cannot be read, but it identifies the study; define the function in a file or a notebook"
            ) from None
        around = inspect.getclosurevars(self.function).nonlocals
        taken = [word for word, value in around.items() if not (inspect.ismodule(value) or callable(value))]
        if taken:
            rule = f"{name} uses {taken[0]} of the function around it, whose value is not in its source"
            raise ValueError(f"{rule}; make it an argument with a default")
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "source", hashlib.sha256(text.encode()).hexdigest())

    @property
    def record(self) -> dict[str, Any]:
        """Its name, and a hash of its source."""
        return {"function": self.name, "source": self.source}

    @property
    def parameters(self) -> Mapping[str, inspect.Parameter]:
        """Its parameters, in order."""
        return inspect.signature(self.function).parameters

    def check_arguments(self, known: Collection[str]) -> None:
        """Refuse a function that needs other arguments than these.

        Raises:
            ValueError: with the argument.
        """
        for name, parameter in self.parameters.items():
            needed = parameter.default is parameter.empty and parameter.kind not in (
                parameter.VAR_POSITIONAL,
                parameter.VAR_KEYWORD,
            )
            if name not in known and needed:
                raise ValueError(f"{self.name} needs {name}, but only {' and '.join(known)} are passed; give it a default")

    def check_settings(
        self, given: Collection[str], free: Collection[str], reserved: Collection[str] = (), others: bool = False
    ) -> None:
        """Refuse arguments that cannot be set, and the lack of those that must be.

        Args:
            given: the names of the arguments that are set.
            free: the parameters that may be set.
            reserved: those that may not.
            others: whether the function takes any further name.

        Raises:
            ValueError: with the argument.
        """
        for argument in given:
            if argument not in free and (argument in reserved or not others):
                raise ValueError(f"{self.name} has no argument {argument} that can be set{did_you_mean(argument, free)}")
        for argument in free:
            if self.parameters[argument].default is inspect.Parameter.empty and argument not in given:
                raise ValueError(f"{argument} must be given: {self.name} has no default for it")

    def called_with(self, values: Mapping[str, Any]) -> Any:
        """Its result for those of the values that it names."""
        return self.function(**{name: value for name, value in values.items() if name in self.parameters})


def functions_in(record: Any) -> Iterator[str]:
    """The names of the functions in a recorded configuration."""
    if isinstance(record, Mapping):
        if set(record) == {"function", "source"}:
            yield str(record["function"])
        for value in record.values():
            yield from functions_in(value)
    elif isinstance(record, list):
        for value in record:
            yield from functions_in(value)


def described(tree: Any) -> Any:
    """A copy of a configuration with Python values replaced by their plain records."""
    if isinstance(tree, PythonFrame | PythonFunction):
        return tree.record
    if isinstance(tree, Mapping):
        return {key: described(value) for key, value in tree.items()}
    return [described(value) for value in tree] if isinstance(tree, list) else tree

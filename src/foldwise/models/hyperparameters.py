"""The `hp` of KerasTuner's `build(hp)`: it answers with a trial's values, and notes the ranges that a function asks for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from foldwise.errors import ConfigError

MOST_CALLS = 40  # of a function, to find the ranges that it asks for only under some values
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class HyperParameters:
    """KerasTuner's methods. Source: keras_tuner.engine.hyperparameters.

    values: name -> value; what is not among them has its default.
    ranges: name -> range in the notation of a configuration, of all that was asked for so far.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)
        self.ranges: dict[str, list[Any]] = {}

    def Int(  # noqa: N802 - KerasTuner's names, as are the next
        self,
        name: str,
        min_value: int,
        max_value: int,
        step: int | None = None,
        sampling: str | None = None,
        default: int | None = None,
        **parents: Any,
    ) -> Any:
        """A whole number; with sampling `log` a step is left out, as it would multiply."""
        return self._asked(name, _between("int", min_value, max_value, step, sampling, default))

    def Float(  # noqa: N802
        self,
        name: str,
        min_value: float,
        max_value: float,
        step: float | None = None,
        sampling: str | None = None,
        default: float | None = None,
        **parents: Any,
    ) -> Any:
        """A number."""
        ends = float(min_value), float(max_value)
        return self._asked(name, _between("float", *ends, step, sampling, None if default is None else float(default)))

    def Choice(  # noqa: N802
        self, name: str, values: Sequence[Any], ordered: bool | None = None, default: Any = None, **parents: Any
    ) -> Any:
        """One of some values."""
        return self._asked(name, ["choice", *values, {"default": values[0] if default is None else default}])

    def Boolean(self, name: str, default: bool = False, **parents: Any) -> Any:  # noqa: N802
        """True or False."""
        return self._asked(name, ["choice", False, True, {"default": default}])

    def Fixed(self, name: str, value: Any, **parents: Any) -> Any:  # noqa: N802
        """A value that is not searched."""
        return self._values.setdefault(name, value)

    @contextmanager
    def conditional_scope(self, parent_name: str, parent_values: Any) -> Iterator[None]:
        """Ranges for some values of another; here they always have a value, which is not used under the others."""
        yield

    @contextmanager
    def name_scope(self, name: str) -> Iterator[None]:
        """A prefix of names in KerasTuner."""
        raise ConfigError("model.build", f"hp.name_scope({name!r}) is not taken; write whole names, as in {name}_units")
        yield

    def get(self, name: str) -> Any:
        """The value of a name that was asked for before."""
        return self._values[name]

    __getitem__ = get

    def __contains__(self, name: str) -> bool:
        return name in self._values

    @property
    def values(self) -> dict[str, Any]:
        """All values so far."""
        return dict(self._values)

    def _asked(self, name: str, range_: list[Any]) -> Any:
        if not NAME.fullmatch(name):
            raise ConfigError("model.build", f"hp has the name {name!r}; use letters, digits and _, as it is a key of model")
        self.ranges.setdefault(name, range_)
        return self._values.setdefault(name, range_[-1]["default"])


def ranges_of(build: Callable[[HyperParameters], object]) -> dict[str, list[Any]]:
    """The ranges of a function, found by calling it: with defaults, then with both ends or each option of what it asked for."""
    waiting: list[dict[str, Any]] = [{}]
    found: dict[str, list[Any]] = {}
    for _ in range(MOST_CALLS):
        if not waiting:
            break
        given = waiting.pop(0)
        hp = HyperParameters(given)
        build(hp)
        for name in [name for name in hp.ranges if name not in found]:
            found[name] = hp.ranges[name]
            waiting += [{**given, name: value} for value in _tried(found[name])]
    return found


def _tried(range_: list[Any]) -> list[Any]:
    """The values under which a function may ask for more; its default was tried."""
    kind, *values, options = range_
    return [value for value in values if value != options["default"]] if kind in ("int", "choice") else []


def _between(kind: str, low: Any, high: Any, step: Any, sampling: str | None, default: Any) -> list[Any]:
    options: dict[str, Any] = {"default": low if default is None else default}
    if sampling == "log":
        options["log"] = True
    elif step is not None and not (kind == "int" and step == 1):
        options["step"] = step
    return [kind, low, high, options]

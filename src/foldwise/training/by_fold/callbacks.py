"""The user's own callbacks, made anew for each fold."""

from __future__ import annotations

from typing import Any

import keras

from foldwise.errors import ConfigError
from foldwise.spec.fit import FitSpec
from foldwise.system.redact import first_line


def own_callbacks(fit: FitSpec, trial: int, fold: int) -> list[keras.callbacks.Callback]:
    """What the functions of `fit.callbacks` return.

    Raises:
        ConfigError: one raises, or returns something else than a callback.
    """
    return [_made(place, function, {"trial": trial, "fold": fold}) for place, function in enumerate(fit.callbacks)]


def _made(place: int, function: Any, values: dict[str, int]) -> keras.callbacks.Callback:
    key = f"fit.callbacks.{place}"
    try:
        made = function.called_with(values)
    except Exception as fault:
        raise ConfigError(key, f"{function.name} raised {type(fault).__name__}: {first_line(fault)[:300]}") from fault
    if not isinstance(made, keras.callbacks.Callback):
        raise ConfigError(key, f"{function.name} must return a keras.callbacks.Callback, got {_kind(made)}")
    return made


def _kind(made: Any) -> str:
    return f"the class {made.__name__}; call it" if isinstance(made, type) else type(made).__name__

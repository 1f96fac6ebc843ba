"""A network that the user's function has compiled: what is used of it, in a sentence."""

from __future__ import annotations

import re
from typing import Any

import keras

from foldwise.errors import ConfigError
from foldwise.models.heads import Head

SPARSE = "sparse_"  # losses of codes instead of columns; the numbers are the same


def used_of(network: keras.Model, name: str, head: Head, optimizer: str, searches: bool = False) -> str | None:
    """What is used of a compiled network; None if it is not compiled.

    Args:
        network: of the function `name`.
        name: of the function.
        head: with the loss that is trained.
        optimizer: the kind that `fit.optimizer` names.
        searches: whether the function asks for ranges, which its optimizer may use.

    Raises:
        ConfigError: its loss takes logits, and answers are probabilities.
    """
    if not network.compiled:
        return None
    config: dict[str, Any] = network.get_compile_config() or {}
    loss = network.loss
    if getattr(loss, "from_logits", False) or getattr(loss, "_fn_kwargs", {}).get("from_logits", False):
        rule = f"{name} compiles its network with from_logits=True, but answers are probabilities"
        raise ConfigError("model.build", f"{rule}; end with head.activation, or softmax or sigmoid, and leave it out")
    own, metrics = _word(loss), [_word(one) for one in _listed(config.get("metrics"))]
    same = own.removeprefix(SPARSE) == head.loss
    takes = f"its loss {own} is used" if same else f"its loss {own} is replaced by {head.loss} (fit.loss)"
    rates = f"its optimizer {type(network.optimizer).__name__} is replaced by fit.optimizer={optimizer}"
    rates += ", so ranges that only it uses change nothing" if searches else ""
    follows = f"its metrics ({', '.join(metrics)}) are replaced by those of the task" if metrics else "metrics are the task's"
    return f"{name} returns a compiled network: its layers are used; {takes}; {rates}; {follows}"


def _listed(given: Any) -> list[Any]:
    return list(given) if isinstance(given, list | tuple) else [] if given is None else [given]


def _word(part: Any) -> str:
    """The name of a loss or a metric as Keras writes it: `mean_squared_error` is `mse`."""
    if isinstance(part, dict):
        part = part.get("config", {}).get("name") or part.get("class_name", "")
    name = part if isinstance(part, str) else getattr(part, "__name__", type(part).__name__)
    word = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", str(name)).lower()
    return {"mean_squared_error": "mse", "mean_absolute_error": "mae"}.get(word, word)

"""Build a network, save it, and load it without the user's code, before a study starts."""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from foldwise.errors import ConfigError
from foldwise.models.backbone_file import file_weights
from foldwise.models.build import build
from foldwise.models.compiled import used_of
from foldwise.models.function import as_returned
from foldwise.models.heads import Head
from foldwise.spec.backbone import BackboneSpec
from foldwise.spec.function import FunctionSpec
from foldwise.spec.model import ModelSpec
from foldwise.system.redact import first_line

TOLERANCE = 1e-5


def try_out(spec: ModelSpec, inputs: int, head: Head, columns: Sequence[str] = (), optimizer: str = "") -> str | None:
    """Build a network; also save and load it if it can contain other parts than Keras's own, and read its file of weights.

    Returns:
        What is used of a network that the user's function has compiled, or that a backbone begins with random weights; None for
        any other.

    Raises:
        ConfigError: it cannot be built, a bundle could not keep it, or its file has other weights.
    """
    network = build(spec, inputs, head, 0, columns)
    if isinstance(spec, BackboneSpec):
        return _tried_backbone(spec)
    if not isinstance(spec, FunctionSpec):
        return None
    name = spec.build.name
    used = used_of(as_returned(spec, inputs, head, 0), name, head, optimizer, spec.takes_hp)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.keras"
        try:
            network.save(path)
        except Exception as fault:  # noqa: BLE001 - the user's own layers can raise anything
            raise ConfigError("model.build", f"the network of {name} cannot be saved: {first_line(fault)[:300]}") from None
        own = sorted(set(_own_parts(json.loads(zipfile.ZipFile(path).read("config.json")))))
        if own:
            rule = f"the network of {name} holds code of your own ({', '.join(own)}), which a saved model does not contain"
            raise ConfigError("model.build", f"{rule}; build it from Keras's layers and functions")
        try:
            loaded = keras.saving.load_model(path, compile=False, safe_mode=True)
        except Exception as fault:  # noqa: BLE001 - as above
            raise ConfigError(
                "model.build", f"the network of {name} cannot be loaded safely: {first_line(fault)[:300]}"
            ) from None
    rows = np.linspace(-1.0, 1.0, 2 * inputs, dtype=np.float32).reshape(2, inputs)
    ours, theirs = (np.asarray(one(rows, training=False)) for one in (network, loaded))
    if not np.allclose(ours, theirs, rtol=TOLERANCE, atol=TOLERANCE):
        raise ConfigError("model.build", f"the network of {name} gives different outputs after it was saved and loaded")
    return used


def _tried_backbone(spec: BackboneSpec) -> str | None:
    if spec.weights is None:
        return f"{spec.architecture} begins with random weights, as model.weights names no file; nothing is downloaded"
    file_weights(spec)
    return None


def _own_parts(node: Any) -> Iterator[str]:
    """The names of classes and functions in a saved configuration that are not Keras's."""
    if isinstance(node, dict):
        kind, module = node.get("class_name"), node.get("module")
        if kind in ("function", "__lambda__"):
            yield str(node["config"]).rsplit(">", 1)[-1] if kind == "function" else "a lambda"
        elif isinstance(kind, str) and not kind.startswith("__") and not str(module).startswith("keras"):
            yield kind
        for part in node.values():
            yield from _own_parts(part)
    elif isinstance(node, list):
        for part in node:
            yield from _own_parts(part)

"""Export a bundle's network as SavedModel, LiteRT or ONNX, and compare it with the original."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from foldwise.bundle.card import Card, write_card
from foldwise.bundle.checksums import hashes
from foldwise.bundle.export_formats import NETWORKS, check_export
from foldwise.data.preparation.file import save_preparation
from foldwise.data.preparation.fold import AnyPreparation
from foldwise.errors import ConfigError, JobError
from foldwise.system.command import door_command
from foldwise.system.files import whole_folder
from foldwise.system.keras_backend import USUAL
from foldwise.system.redact import first_line

TOLERANCE = 1e-4
ROWS = 64  # of random features

Floats = npt.NDArray[np.float32]


def export(network: keras.Model, preparation: AnyPreparation, card: Card, samples: Floats, folder: Path, kind: str) -> Path:
    """Write a folder with the exported network, `preparation.json` (how cells become its features) and `bundle.json`.

    The exported network runs on the sample rows and on random features, and its outputs are compared with the original's.

    Args:
        network: takes (rows, features).
        preparation: turns raw rows into these features.
        card: the bundle's.
        samples: the features of the card's sample rows, (rows, features).
        folder: the place; after a fault nothing is left there.
        kind: a name of NETWORKS.

    Raises:
        ConfigError: the folder exists, the format is unknown or its extra is not installed, or Keras runs on another backend.
        JobError: Keras cannot export the network, or the exported one's outputs differ by more than 1e-4.
    """
    check_export(folder, kind)
    if keras.backend.backend() != USUAL:
        here = keras.backend.backend()
        rule = f"networks are exported from Keras on {USUAL}, and this process runs it on {here}"
        raise ConfigError("format", f"{rule}; export in a process of its own: {door_command('export')}")
    with whole_folder(folder) as part:
        path = part / NETWORKS[kind]
        features = np.concatenate([samples, _random_features(samples.shape[1])])
        expected = network.predict_on_batch(features)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # from the exporters
                network.export(str(path), format=KERAS_NAMES[kind], verbose=False)
                found = RUNS[kind](path, features)
        except Exception as fault:  # four libraries' exporters raise anything
            raise JobError(f"the network cannot be exported as {kind}: {first_line(fault)}") from fault
        refuse_other(kind, found, expected)
        save_preparation(preparation, part / "preparation.json")
        write_card(replace(card, files=hashes(part)), part / "bundle.json")
    return folder


def check_one_graph(card: Card) -> None:
    """Raise ConfigError if an ensemble's networks take or give different things, so that no graph holds them."""
    parts = len(card.ensemble.parts) + 1 if card.ensemble else 1
    if parts > 1:
        rule = f"the ensemble has {parts} networks that differ in how they prepare rows or undo the target's scale"
        formats = f"so they cannot be exported as one graph, as {', '.join(NETWORKS)} need"
        raise ConfigError("model", f"{rule}, {formats}; predict, the serving API and MLflow's pyfunc answer with all of them")


def refuse_other(kind: str, found: npt.NDArray[Any], expected: npt.NDArray[Any]) -> None:
    """Raise JobError if outputs (rows, units) differ from the original by more than 1e-4, relative for large values."""
    worst = float(np.max(np.abs(found - expected) / np.maximum(1.0, np.abs(expected))))
    if not worst <= TOLERANCE:
        raise JobError(f"the network's outputs change by {worst:.2g} when exported as {kind}, so it is not written")


def _random_features(width: int) -> Floats:
    """Further features to compare networks on, (rows, width): numbers around 0, like scaled cells."""
    return np.random.default_rng(0).normal(size=(ROWS, width)).astype(np.float32)


def _run_saved_model(path: Path, features: Floats) -> npt.NDArray[Any]:
    layer = keras.layers.TFSMLayer(str(path), call_endpoint="serve")
    return np.asarray(keras.ops.convert_to_numpy(layer(features)))


def _run_litert(path: Path, features: Floats) -> npt.NDArray[Any]:
    import tensorflow as tf

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that ai_edge_litert will replace it
        interpreter = tf.lite.Interpreter(str(path))
    place = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(place, features.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(place, features)
    interpreter.invoke()
    return np.asarray(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))


def _run_onnx(path: Path, features: Floats) -> npt.NDArray[Any]:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {session.get_inputs()[0].name: features})[0])


KERAS_NAMES = {"saved_model": "tf_saved_model", "litert": "litert", "onnx": "onnx"}
RUNS: dict[str, Callable[[Path, Floats], npt.NDArray[Any]]] = {
    "saved_model": _run_saved_model,
    "litert": _run_litert,
    "onnx": _run_onnx,
}

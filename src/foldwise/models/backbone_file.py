"""The weights of a backbone from a file that the user has."""

from __future__ import annotations

import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from foldwise.errors import ConfigError
from foldwise.spec.backbone import SUFFIXES, BackboneSpec
from foldwise.system.held_files import held
from foldwise.system.redact import first_line

Array = npt.NDArray[Any]
# The standard deviations of ImageNet's colours. EfficientNet's weights from ImageNet hold their squares, and were trained with
# a further division by their roots, which Keras adds as a layer only where it downloads them.
IMAGENET_DEVIATIONS = np.array([0.229, 0.224, 0.225])


def file_weights(spec: BackboneSpec) -> list[Array]:
    """The weights of the backbone's layers, in Keras's order.

    Raises:
        ConfigError: the file has other weights than this architecture, or cannot be read.
    """
    assert spec.weights is not None
    assert spec.sha256 is not None  # see config.weight_files
    suffix = next(suffix for suffix in SUFFIXES if spec.weights.endswith(suffix))
    try:
        return list(_loaded(spec.architecture, spec.sha256, suffix))
    except ValueError as fault:
        rule = f"{spec.weights} does not hold the weights of {spec.architecture} without its top ({first_line(fault)[:160]})"
        raise ConfigError("model.weights", f"{rule}; choose the file's model.architecture, or another file") from None


@lru_cache(maxsize=2)
def _loaded(architecture: str, sha256: str, suffix: str) -> tuple[Array, ...]:
    """The same as a tuple.

    Raises:
        ValueError: the reason why the file does not fit.
    """
    network = getattr(keras.applications, architecture)(include_top=False, weights=None, input_shape=(64, 64, 3))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"backbone{suffix}"
        path.write_bytes(held(sha256))
        try:
            network.load_weights(path)
        except Exception as fault:  # noqa: BLE001 - Keras and h5py raise all kinds for a file of another kind
            raise ValueError(first_line(fault)) from None
    if architecture == "EfficientNetB0":
        _divide_by_roots(network)
    return tuple(np.asarray(weight) for weight in network.get_weights())


def _divide_by_roots(network: keras.Model) -> None:
    """Let the normalisation of ImageNet's colours divide by the roots of their deviations too."""
    normalisation = next(layer for layer in network.layers if isinstance(layer, keras.layers.Normalization))
    for weight in normalisation.weights:
        if weight.name == "variance" and np.allclose(weight, IMAGENET_DEVIATIONS**2, rtol=1e-3):
            weight.assign(np.asarray(weight) * IMAGENET_DEVIATIONS)

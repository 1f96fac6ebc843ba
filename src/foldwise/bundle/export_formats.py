"""As what a network can be exported, and whether it can be here. Nothing heavy is imported."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

from foldwise.errors import ConfigError, did_you_mean

# format -> the exported network's name in its folder
NETWORKS = {"saved_model": "network", "litert": "network.tflite", "onnx": "network.onnx"}
ONNX = ("tf2onnx", "onnxruntime")  # the extra


def check_export(folder: Path, kind: str) -> None:
    """Whether a network can be exported so, and to there.

    Raises:
        ConfigError: it cannot.
    """
    if kind not in NETWORKS:
        raise ConfigError("format", f"there is no format {kind!r}{did_you_mean(kind, NETWORKS)}")
    if kind == "onnx" and any(find_spec(name) is None for name in ONNX):
        raise ConfigError("format", 'onnx needs an extra that is not installed; pip install "foldwise[onnx]"')
    if folder.exists() or folder.is_symlink():
        raise ConfigError("output", f"{folder} is there already; name a folder that is not")
    above = folder.resolve().parent
    if not above.is_dir() or not os.access(above, os.W_OK):
        raise ConfigError("output", f"{above} is no folder that can be written")

"""The export formats and the checks before an export, without heavy imports."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

from foldwise.errors import ConfigError
from foldwise.system.known_words import did_you_mean

# format -> the exported network's name in its folder
NETWORKS = {"saved_model": "network", "litert": "network.tflite", "onnx": "network.onnx"}
ONNX = ("tf2onnx", "onnxruntime")  # the extra


def check_export(folder: Path, kind: str) -> None:
    """Raise ConfigError if the format is unknown or not installed, or the folder cannot be written."""
    if kind not in NETWORKS:
        raise ConfigError("format", f"unknown format {kind!r}{did_you_mean(kind, NETWORKS)}")
    if kind == "onnx" and any(find_spec(name) is None for name in ONNX):
        raise ConfigError("format", 'onnx needs an extra that is not installed; pip install "foldwise[onnx]"')
    if folder.exists() or folder.is_symlink():
        raise ConfigError("output", f"{folder} exists; name a new folder")
    above = folder.resolve().parent
    if not above.is_dir() or not os.access(above, os.W_OK):
        raise ConfigError("output", f"{above} is not a writable folder")

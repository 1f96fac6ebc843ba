"""The image data sets of Keras: from `paths.data` if they are there, else downloaded by Keras."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from foldwise.data.sources.idx_file import read_idx
from foldwise.data.sources.image_array import ImageSource, image_source
from foldwise.data.sources.npz_file import read_npz, read_shapes
from foldwise.errors import DataError
from foldwise.spec.images import KerasData
from foldwise.spec.places import Paths

Part = Literal["train", "test"]

CLOTHES = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
THINGS = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
NAMES: dict[str, tuple[str, ...]] = {"fashion_mnist": CLOTHES, "cifar10": THINGS}
# Runs in a process of its own: in ours, TensorFlow would start before its threads are set, and log.
DOWNLOAD = """
import sys, keras, numpy
train, test = getattr(keras.datasets, sys.argv[1]).load_data()
numpy.savez(sys.argv[2], x_train=train[0], y_train=train[1], x_test=test[0], y_test=test[1])
"""
IDX = {"train": "train", "test": "t10k"}


def read_keras(data: KerasData, paths: Paths, part: Part) -> ImageSource:
    """The training or the test images of a data set, labelled by class names where there are any.

    Raises:
        DataError: it is not in `paths.data`, and cannot be downloaded.
    """
    folder = _folder(data, paths)
    if folder is None:
        images, labels = _downloaded(data, paths, part)
        return image_source(images, _named(labels, NAMES.get(data.name)), f"Keras's {data.name}")
    if (archive := _archive(folder)) is not None:
        names = ("classes",) if "classes" in read_shapes(archive) else ()
        arrays = read_npz(archive, dict.fromkeys((f"x_{part}", f"y_{part}", *names), "data.name"))
        images, labels, classes, place = arrays[f"x_{part}"], arrays[f"y_{part}"], arrays.get("classes"), archive
    else:
        place = _idx(folder, part, "images-idx3-ubyte")
        images, labels, classes = read_idx(place), read_idx(_idx(folder, part, "labels-idx1-ubyte")), None
    note = f"{data.name} is read from {place}: {len(images)} {part} images"
    return image_source(images, _named(labels, NAMES.get(data.name) if classes is None else classes), str(place), [note])


def _folder(data: KerasData, paths: Paths) -> Path | None:
    """The folder of the data set: its name, with hyphens, or with `-subset`."""
    name = data.name.replace("_", "-")
    for folder in (Path(paths.data) / word for word in (data.name, name, f"{name}-subset")):
        if folder.is_dir() and (_archive(folder) or any(folder.glob("train-images-idx3-ubyte*"))):
            return folder
    return None


def _archive(folder: Path) -> Path | None:
    wanted = {"x_train", "y_train", "x_test", "y_test"}
    return next((path for path in sorted(folder.glob("*.npz")) if wanted <= set(read_shapes(path))), None)


def _idx(folder: Path, part: Part, name: str) -> Path:
    for path in (folder / f"{IDX[part]}-{name}{ending}" for ending in ("", ".gz")):
        if path.is_file():
            return path
    raise DataError(f"{folder} has no file {IDX[part]}-{name} or {IDX[part]}-{name}.gz; put one there")


def _named(labels: npt.NDArray[Any], names: Any) -> npt.NDArray[Any]:
    codes = labels.reshape(len(labels)).astype(np.int64)
    return codes if names is None else np.array(names, dtype=object)[codes]


def _downloaded(data: KerasData, paths: Paths, part: Part) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Images and labels from Keras, which checks the hash of a download and caches it in its own folder."""
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "set.npz"
        command = [sys.executable, "-c", DOWNLOAD, data.name, str(archive)]
        environment = {**os.environ, "KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 our own words
        if done.returncode != 0:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            own = Path(paths.data) / data.name
            advice = f"put an archive with x_train, y_train, x_test and y_test, or MNIST's four idx files, into {own}"
            raise DataError(f"data.name: {data.name} is not in {paths.data}, and Keras cannot download it ({reason}); {advice}")
        x, y = f"x_{part}", f"y_{part}"
        arrays = read_npz(archive, dict.fromkeys((x, y), "data.name"))
        return arrays[x], arrays[y]

"""Which reader serves a kind of image source."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.data.sources.idx_file import read_idx, read_shape
from foldwise.data.sources.image_array import ImageSource, check_shape, image_source
from foldwise.data.sources.npz_file import read_npz, read_shapes
from foldwise.data.sources.read import find_file
from foldwise.errors import ConfigError, DataError
from foldwise.spec.images import FolderData, GivenImages, IdxData, ImageSpec, NpzData
from foldwise.spec.places import Paths


def read_images(data: ImageSpec, paths: Paths) -> ImageSource:
    """All images that `data` names, with their labels.

    Raises:
        DataError: a file is not as `data` says.
    """
    match data:
        case IdxData():
            return _read_idx(data, data.images, data.labels, paths, "data")
        case NpzData():
            return _read_npz(data, find_file(data.path, data.name, paths, "data.path"), data.images, data.labels, "data")
        case FolderData():
            from foldwise.data.sources.picture_folder import find_folder, read_folder

            return read_folder(data, find_folder(data.path, paths, "data.path"), data.labels)
    from foldwise.data.sources.keras_sets import read_keras

    return read_keras(data, paths, "train")


def read_test_images(data: ImageSpec, paths: Paths) -> ImageSource:
    """The test images that `data.holdout` gives.

    Raises:
        ConfigError: `data.holdout` lacks what this kind of source needs.
        DataError: a file is not as `data` says.
    """
    given = data.holdout
    assert isinstance(given, GivenImages)
    check_given(data)
    match data:
        case IdxData():
            return _read_idx(data, str(given.images), str(given.labels), paths, "data.holdout")
        case NpzData():
            path = find_file(given.path or data.path, data.name, paths, "data.holdout.path")
            return _read_npz(data, path, given.images or data.images, given.labels or data.labels, "data.holdout")
        case FolderData():
            from foldwise.data.sources.picture_folder import find_folder, read_folder

            return read_folder(data, find_folder(str(given.path), paths, "data.holdout.path"), given.labels or data.labels)
    from foldwise.data.sources.keras_sets import read_keras

    return read_keras(data, paths, "test")


def check_images(data: ImageSpec, paths: Paths) -> None:
    """Say what is wrong with names and headers of files before anything heavy is imported.

    Raises:
        ConfigError, DataError: as `read_images` and `read_test_images`.
    """
    check_given(data)
    match data:
        case IdxData():
            check_shape(read_shape(_idx_file(data.images, data, paths, "data.images")), data.images)
            _idx_file(data.labels, data, paths, "data.labels")
        case NpzData():
            path = find_file(data.path, data.name, paths, "data.path")
            shapes = read_shapes(path)
            for key, name in (("data.images", data.images), ("data.labels", data.labels)):
                if name not in shapes:
                    raise DataError(f"{key}: {path} has no array {name!r}; it has {', '.join(shapes)}")
            check_shape(shapes[data.images], f"{path}: array {data.images!r}")
        case FolderData():
            from foldwise.data.sources.picture_folder import find_folder

            find_folder(data.path, paths, "data.path")


def check_given(data: ImageSpec) -> None:
    """Whether given test images are named as the kind of source needs.

    Raises:
        ConfigError: they are not.
    """
    given = data.holdout
    if not isinstance(given, GivenImages):
        return
    needed = {"idx": ("images", "labels"), "folder": ("path",)}.get(data.kind, ())
    for name in needed:
        if getattr(given, name) is None:
            raise ConfigError(f"data.holdout.{name}", f"must be given where data.kind={data.kind} and data.holdout.kind=given")
    if isinstance(data, NpzData) and not (given.path or given.images):
        rule = "must name the array of the test images, or data.holdout.path their archive"
        raise ConfigError("data.holdout.images", rule)


def _read_idx(data: IdxData, images: str, labels: str, paths: Paths, key: str) -> ImageSource:
    path = _idx_file(images, data, paths, f"{key}.images")
    return image_source(read_idx(path), read_idx(_idx_file(labels, data, paths, f"{key}.labels")), str(path))


def _idx_file(path: str, data: IdxData, paths: Paths, key: str) -> Path:
    """The file, or the same compressed."""
    try:
        return find_file(path, data.name, paths, key)
    except DataError:
        if path.endswith(".gz"):
            raise
        try:
            return find_file(f"{path}.gz", data.name, paths, key)
        except DataError:
            pass
        raise


def _read_npz(data: NpzData, path: Path, images: str, labels: str, key: str) -> ImageSource:
    codes = read_npz(path, labels, f"{key}.labels")
    named = codes if data.classes is None else _names(codes, read_npz(path, data.classes, "data.classes"), path)
    return image_source(read_npz(path, images, f"{key}.images"), named, str(path))


def _names(codes: npt.NDArray[Any], classes: npt.NDArray[Any], path: Path) -> npt.NDArray[Any]:
    names: Sequence[Any] = classes.tolist()
    whole = codes.dtype.kind in "iu"
    if not whole or (codes.size and (codes.min() < 0 or codes.max() >= len(names))):
        raise DataError(f"{path}: labels are no positions in data.classes, which names {len(names)}; leave data.classes out")
    named: npt.NDArray[Any] = np.array(names, dtype=object)[codes.reshape(len(codes))]
    return named

"""Images from any kind of source, with their labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.data.sources.box_file import find_boxes
from foldwise.data.sources.boxed_images import read_boxed_archive, read_boxed_folder
from foldwise.data.sources.find_file import find_file
from foldwise.data.sources.idx_file import read_idx, read_shape
from foldwise.data.sources.image_array import ImageSource, check_shape, image_source
from foldwise.data.sources.npz_file import check_name, read_npz, read_shapes
from foldwise.errors import ConfigError, DataError
from foldwise.spec.images import FolderData, GivenImages, IdxData, ImageSpec, NpzData
from foldwise.spec.places import Paths


def read_images(data: ImageSpec, paths: Paths) -> ImageSource:
    """All images that `data` names, with their labels.

    Raises:
        DataError: a file does not fit `data`.
    """
    match data:
        case IdxData():
            return _read_idx(data, data.images, data.labels, paths, "data")
        case NpzData():
            path = find_file(data.path, data.name, paths, "data.path")
            if data.boxes is not None:
                return _boxed_archive(path, data.images, data.boxes, paths, "data")
            return _read_npz(data, path, data.images, data.labels, "data")
        case FolderData():
            from foldwise.data.sources.picture_folder import find_folder, read_folder

            folder = find_folder(data.path, paths, "data.path")
            if data.boxes is not None:
                return _boxed_folder(data, folder, data.boxes, paths, "data")
            return read_folder(data, folder, data.labels)
    from foldwise.data.sources.keras_sets import read_keras

    return read_keras(data, paths, "train")


def read_test_images(data: ImageSpec, paths: Paths) -> ImageSource:
    """The test images of `data.holdout`.

    Raises:
        ConfigError: `data.holdout` lacks what this kind of source needs.
        DataError: a file does not fit `data`.
    """
    given = data.holdout
    assert isinstance(given, GivenImages)
    check_given(data)
    match data:
        case IdxData():
            return _read_idx(data, str(given.images), str(given.labels), paths, "data.holdout")
        case NpzData():
            path = find_file(given.path or data.path, data.name, paths, "data.holdout.path")
            if data.boxes is not None:
                return _boxed_archive(path, given.images or data.images, given.boxes or data.boxes, paths, "data.holdout")
            return _read_npz(data, path, given.images or data.images, given.labels or data.labels, "data.holdout")
        case FolderData():
            from foldwise.data.sources.picture_folder import find_folder, read_folder

            folder = find_folder(str(given.path), paths, "data.holdout.path")
            if data.boxes is not None:
                return _boxed_folder(data, folder, given.boxes or data.boxes, paths, "data.holdout")
            return read_folder(data, folder, given.labels or data.labels)
    from foldwise.data.sources.keras_sets import read_keras

    return read_keras(data, paths, "test")


def read_validation_images(data: ImageSpec, path: str, paths: Paths) -> ImageSource:
    """The validation images of `folds.path`: a folder or an archive made like that of `data`.

    Raises:
        ConfigError: this kind of source has no such place.
        DataError: a file does not fit `data`.
    """
    if isinstance(data, NpzData | FolderData) and data.boxes is not None:
        raise ConfigError("folds.path", "names validation images, and those with boxes are cut by folds.kind; use folds=split")
    match data:
        case NpzData():
            return _read_npz(data, find_file(path, data.name, paths, "folds.path"), data.images, data.labels, "data")
        case FolderData():
            from foldwise.data.sources.picture_folder import find_folder, read_folder

            return read_folder(data, find_folder(path, paths, "folds.path"), data.labels)
    rule = f"names the validation images of data=folder or data=npz, and data.kind is {data.kind}"
    raise ConfigError("folds.path", f"{rule}; use folds=split")


def check_images(data: ImageSpec, paths: Paths) -> None:
    """Check names and headers of files without importing anything heavy.

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
            names = [("data.images", data.images), *([("data.labels", data.labels)] if data.boxes is None else [])]
            for key, name in names:
                check_name(name, shapes, key, path)
            if data.boxes is not None:
                find_boxes(data.boxes, path.parent, paths, "data.boxes")
            check_shape(shapes[data.images], f"{path}: array {data.images!r}")
        case FolderData():
            from foldwise.data.sources.picture_folder import find_folder

            folder = find_folder(data.path, paths, "data.path")
            if data.boxes is not None:
                find_boxes(data.boxes, folder, paths, "data.boxes")


def check_given(data: ImageSpec) -> None:
    """Check that `data.holdout` names the test images in the way that the kind of source needs.

    Raises:
        ConfigError: a name is missing.
    """
    given = data.holdout
    if not isinstance(given, GivenImages):
        return
    needed = {"idx": {"images": given.images, "labels": given.labels}, "folder": {"path": given.path}}.get(data.kind, {})
    for name, value in needed.items():
        if value is None:
            raise ConfigError(f"data.holdout.{name}", f"data.kind={data.kind} with data.holdout.kind=given needs it; set it")
    if isinstance(data, FolderData) and data.boxes is not None and given.boxes is None:
        rule = "data.kind=folder with data.boxes and data.holdout.kind=given needs the boxes of the test pictures"
        raise ConfigError("data.holdout.boxes", f"{rule}; name their file")
    if isinstance(data, NpzData) and data.boxes is not None and given.path and given.boxes is None:
        raise ConfigError("data.holdout.boxes", "the boxes of the test images are in a file of their own; name it")
    if isinstance(data, NpzData) and not (given.path or given.images):
        rule = "data.kind=npz with data.holdout.kind=given needs test images"
        raise ConfigError("data.holdout.images", f"{rule}; name their array here, or their archive as data.holdout.path")


def _boxed_archive(path: Path, images: str, boxes: str, paths: Paths, key: str) -> ImageSource:
    return read_boxed_archive(path, images, find_boxes(boxes, path.parent, paths, f"{key}.boxes"), key)


def _boxed_folder(data: FolderData, folder: Path, boxes: str, paths: Paths, key: str) -> ImageSource:
    return read_boxed_folder(data, folder, find_boxes(boxes, folder, paths, f"{key}.boxes"))


def _read_idx(data: IdxData, images: str, labels: str, paths: Paths, key: str) -> ImageSource:
    path = _idx_file(images, data, paths, f"{key}.images")
    return image_source(read_idx(path), read_idx(_idx_file(labels, data, paths, f"{key}.labels")), str(path))


def _idx_file(path: str, data: IdxData, paths: Paths, key: str) -> Path:
    """The file, else its compressed form."""
    try:
        return find_file(path, data.name, paths, key)
    except DataError as fault:
        try:
            return find_file(f"{path}.gz", data.name, paths, key)
        except DataError:
            raise fault from None


def _read_npz(data: NpzData, path: Path, images: str, labels: str, key: str) -> ImageSource:
    keys = {images: f"{key}.images", labels: f"{key}.labels"}
    if data.classes is not None:
        keys[data.classes] = "data.classes"
    arrays = read_npz(path, keys)
    codes = arrays[labels]
    named = codes if data.classes is None else _named(codes, arrays[data.classes], path)
    return image_source(arrays[images], named, str(path))


def _named(codes: npt.NDArray[Any], classes: npt.NDArray[Any], path: Path) -> npt.NDArray[Any]:
    names: Sequence[Any] = classes.tolist()
    whole = codes.dtype.kind in "iu"
    if not whole or (codes.size and (codes.min() < 0 or codes.max() >= len(names))):
        raise DataError(
            f"{path}: labels are not positions in data.classes, which has {len(names)} names; leave data.classes out"
        )
    named: npt.NDArray[Any] = np.array(names, dtype=object)[codes.reshape(len(codes))]
    return named

"""Images from any kind of source, with their labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.data.masks import check_masks, check_masks_shape
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
                return _boxed_archive(data, path, data.images, data.boxes, paths)
            return _read_npz(data, path, data.images, data.labels, data.masks)
        case FolderData():
            from foldwise.data.sources.picture_folder import find_folder, read_folder

            folder = find_folder(data.path, paths, "data.path")
            if data.boxes is not None:
                return _boxed_folder(data, folder, data.boxes, paths, "data")
            return read_folder(data, folder, data.labels, _masks_folder(data.masks, paths, "data.masks"))
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
                return _boxed_archive(data, path, given.images or data.images, given.boxes or data.boxes, paths, "data.holdout")
            names = (given.images or data.images, given.labels or data.labels, given.masks or data.masks)
            return _read_npz(data, path, *names, "data.holdout")
        case FolderData():
            from foldwise.data.sources.picture_folder import find_folder, read_folder

            folder = find_folder(str(given.path), paths, "data.holdout.path")
            data = data.model_copy(update={"group": None})  # test pictures may be named otherwise
            if data.boxes is not None:
                return _boxed_folder(data, folder, given.boxes or data.boxes, paths, "data.holdout")
            masks = _masks_folder(given.masks, paths, "data.holdout.masks")
            return read_folder(data, folder, given.labels or data.labels, masks)
    from foldwise.data.sources.keras_sets import read_keras

    return read_keras(data, paths, "test")


def read_validation_images(data: ImageSpec, path: str, paths: Paths) -> ImageSource:
    """The validation images of `folds.path`: a folder or an archive made like that of `data`.

    Raises:
        ConfigError: this kind of source has no such place.
        DataError: a file does not fit `data`.
    """
    if isinstance(data, NpzData | FolderData) and data.boxes is not None:
        raise ConfigError("folds.path", "has no place for the boxes of its pictures; use folds=split")
    match data:
        case NpzData():
            return _read_npz(data, find_file(path, data.name, paths, "folds.path"), data.images, data.labels, data.masks)
        case FolderData():
            if data.masks is not None:
                raise ConfigError("folds.path", "has no place for the masks of its pictures; use folds=split, or data=npz")
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
            for key, name in _arrays(data).items():
                check_name(name, shapes, key, path)
            check_shape(shapes[data.images], f"{path}: array {data.images!r}")
            if data.boxes is not None:
                find_boxes(data.boxes, path.parent, paths, "data.boxes")
            if data.masks is not None:
                check_masks_shape(shapes[data.masks], shapes[data.images], f"{path}: array {data.masks!r}")
        case FolderData():
            from foldwise.data.sources.picture_folder import find_folder

            folder = find_folder(data.path, paths, "data.path")
            _masks_folder(data.masks, paths, "data.masks")
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
    if data.kind == "folder" and data.masks is not None:
        needed["masks"] = given.masks
    for name, value in needed.items():
        if value is None:
            raise ConfigError(f"data.holdout.{name}", f"data.kind={data.kind} with data.holdout.kind=given needs it; set it")
    if isinstance(data, NpzData | FolderData) and data.boxes is not None and given.path and given.boxes is None:
        raise ConfigError("data.holdout.boxes", "the boxes of the test pictures are in a file of their own; name it")
    if isinstance(data, NpzData) and not (given.path or given.images):
        rule = "data.kind=npz with data.holdout.kind=given needs test images"
        raise ConfigError("data.holdout.images", f"{rule}; name their array here, or their archive as data.holdout.path")


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


def _masks_folder(masks: str | None, paths: Paths, key: str) -> Path | None:
    from foldwise.data.sources.picture_folder import find_folder

    return None if masks is None else find_folder(masks, paths, key)


def _arrays(data: NpzData) -> dict[str, str]:
    """The key of each option that names an array, and the name."""
    named = {"data.images": data.images}
    if data.boxes is None:
        named |= {"data.labels": data.labels} if data.masks is None else {"data.masks": data.masks}
    return named | ({} if data.group is None else {"data.group": data.group})


def _read_npz(data: NpzData, path: Path, images: str, labels: str, masks: str | None, key: str = "data") -> ImageSource:
    keys = {images: f"{key}.images", **({labels: f"{key}.labels"} if masks is None else {masks: f"{key}.masks"})}
    if isinstance(data.classes, str):
        keys[data.classes] = "data.classes"
    if data.group is not None and key == "data":
        keys[data.group] = "data.group"
    arrays = read_npz(path, keys)
    classes: Sequence[Any] | None = data.classes
    if isinstance(data.classes, str):
        classes = _names(arrays[data.classes], data.classes)
    if masks is None:
        named = arrays[labels] if classes is None else _named(arrays[labels], classes, path)
        source = image_source(arrays[images], named, str(path))
    else:
        source = image_source(arrays[images], None, str(path))
        masked = check_masks(arrays[masks], source.images, f"{path}: array {masks!r}")
        source = replace(source, masks=masked, classes=None if classes is None else tuple(map(str, classes)))
    return source if data.group not in arrays else replace(source, groups=_groups(arrays[data.group], source, data.group))


def _boxed_archive(data: NpzData, path: Path, images: str, boxes: str, paths: Paths, key: str = "data") -> ImageSource:
    source = read_boxed_archive(path, images, find_boxes(boxes, path.parent, paths, f"{key}.boxes"), key)
    if data.group is None or key != "data":
        return source
    return replace(source, groups=_groups(read_npz(path, {data.group: "data.group"})[data.group], source, data.group))


def _boxed_folder(data: FolderData, folder: Path, boxes: str, paths: Paths, key: str) -> ImageSource:
    return read_boxed_folder(data, folder, find_boxes(boxes, folder, paths, f"{key}.boxes"))


def _groups(groups: npt.NDArray[Any], source: ImageSource, name: str) -> npt.NDArray[Any]:
    if groups.shape != (len(source.images),):
        rule = f"data.group: array {name!r} has shape {groups.shape}, and there are {len(source.images)} images"
        raise DataError(f"{rule}; give one group for each image, shape ({len(source.images)},)")
    if groups.dtype.kind in "fmM" and (gaps := np.isnan(groups) if groups.dtype.kind == "f" else np.isnat(groups)).any():
        rule = f"data.group: array {name!r} has no value for image {int(np.flatnonzero(gaps)[0]) + 1}"
        raise DataError(f"{rule}; give each image a group, one of its own where it belongs to none")
    return groups.astype(str).astype(object)


def _names(names: npt.NDArray[Any], array: str) -> tuple[str, ...]:
    """The names of classes, from an array of them."""
    if names.ndim != 1 or names.dtype.kind not in "iuU":
        rule = f"array {array!r} has shape {names.shape} and dtype {names.dtype}, and holds the names of the classes"
        raise ConfigError("data.classes", f"{rule}; save a list of text, as by numpy.array(['cat', 'dog'])")
    return tuple(map(str, names.tolist()))


def _named(codes: npt.NDArray[Any], names: Sequence[Any], path: Path) -> npt.NDArray[Any]:
    if codes.ndim == 2 and codes.shape[1] == 1:
        codes = codes[:, 0]
    if codes.ndim != 1:
        return codes  # image_source has the sentence
    whole = codes.dtype.kind in "iu"
    if not whole or (codes.size and (codes.min() < 0 or codes.max() >= len(names))):
        raise DataError(
            f"{path}: labels are not positions in data.classes, which has {len(names)} names; leave data.classes out"
        )
    named: npt.NDArray[Any] = np.array(names, dtype=object)[codes]
    return named

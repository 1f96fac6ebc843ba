"""Images as a table: no columns, but an array of pixels, and the labels."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.data.boxed_table import boxed_table
from foldwise.data.given_folds import TRAIN, VALIDATION, Sides, check_sides
from foldwise.data.masked_table import masked_table
from foldwise.data.schema import Schema
from foldwise.data.sources.image_array import ImageSource, shown_shape
from foldwise.data.sources.images import read_images, read_test_images, read_validation_images
from foldwise.data.table import Table
from foldwise.data.target import Target, known_target, read_target
from foldwise.errors import ConfigError, DataError
from foldwise.spec.folds import FoldsSpec
from foldwise.spec.images import ImageSpec
from foldwise.spec.places import Paths


def read_image_table(data: ImageSpec, paths: Paths | None = None, folds: FoldsSpec | None = None) -> Table:
    """Read images and infer the task from their targets. With `folds=given`, those of `folds.path` follow, which validate.

    Raises:
        ConfigError: a key of `data` or `folds` does not fit the images.
        DataError: the images cannot be read or learnt from.
    """
    source = read_images(data, paths or Paths())
    if folds is None or folds.kind != "given":
        if source.masks is not None:
            return masked_table(source, data)
        if source.boxed is not None:
            return boxed_table(source, source.boxed, data)
        check_labels(data)
        return _table(source, read_target(_labels(source, data), data), data)
    if folds.path is None:
        raise ConfigError("folds.column", "is for tables, and images have no such column; name folds.path, or use folds=split")
    source, sides = _with_validation(source, read_validation_images(data, folds.path, paths or Paths()))
    if source.masks is not None:
        return replace(masked_table(source, data), sides=sides)
    target = read_target(_labels(source, data), data)
    table = replace(_table(source, target, data), sides=sides[target.kept])
    check_sides(sides[target.kept], table.target, table.labels)
    return table


def _with_validation(source: ImageSource, valid: ImageSource) -> tuple[ImageSource, Sides]:
    """Training images with validation images at the end, and the side of each."""
    sizes = source.images.shape[1:], valid.images.shape[1:]
    if sizes[0] != sizes[1]:
        rule = f"{valid.place}: the validation images are {shown_shape(sizes[1])}, the training images {shown_shape(sizes[0])}"
        raise DataError(f"{rule}; resize them to one size")
    first = int(source.rows.max(initial=-1)) + 1
    whole = ImageSource(
        np.concatenate([source.images, valid.images]),
        _joined(source.labels, valid.labels),
        np.concatenate([source.rows, valid.rows + first]),
        source.place,
        (*source.notes, *valid.notes, f"rows from {first + 1} on are those of {valid.place}, which validate (folds.path)"),
        _joined(source.masks, valid.masks),
        source.classes,
        _joined(source.groups, valid.groups),
    )
    return whole, np.repeat(np.array([TRAIN, VALIDATION]), [len(source.rows), len(valid.rows)])


def _joined(one: npt.NDArray[Any] | None, other: npt.NDArray[Any] | None) -> npt.NDArray[Any] | None:
    if one is None or other is None:
        return None
    flat = one.ndim == 1  # labels may be text in one source and numbers in another
    return np.concatenate([part.astype(object) if flat else part for part in (one, other)])


def read_image_holdout(data: ImageSpec, table: Table, paths: Paths | None = None) -> Table:
    """The test images of `data.holdout`, with the labels of the training images in `table`.

    Raises:
        DataError: they have another size, or a label is unknown.
    """
    source = read_test_images(data, paths or Paths())
    shape = source.images.shape[1:]
    if shape != table.schema.image:
        assert table.schema.image is not None
        rule = (
            f"{source.place}: the test images are {shown_shape(shape)}, the training images {shown_shape(table.schema.image)}"
        )
        raise DataError(f"{rule}; resize them to one size")
    if source.masks is not None:
        return masked_table(source, data, table)
    if source.boxed is not None:
        return boxed_table(source, source.boxed, data, table)
    return _table(source, known_target(_labels(source, data), data, table.labels), data)


def check_labels(data: ImageSpec) -> None:
    """Refuse the tasks of masks and boxes for images with labels.

    Raises:
        ConfigError: at data.task.
    """
    needed = {"segmentation": ("the class of each pixel from masks", "masks"), "detection": ("objects from boxes", "boxes")}
    if data.task in needed:
        what, key = needed[data.task]
        raise ConfigError("data.task", f"{data.task} learns {what}; name them as data.{key}, or leave data.task at auto")


def _labels(source: ImageSource, data: ImageSpec) -> pd.Series[Any]:
    assert source.labels is not None  # only images to be predicted come without
    labels = source.labels.astype(object) if source.labels.dtype.kind in "US" else source.labels
    return pd.Series(labels, source.rows, name=data.target)


def _table(source: ImageSource, target: Target, data: ImageSpec) -> Table:
    kept = target.kept
    images = source.images if kept.all() else source.images[kept]
    height, width, channels = images.shape[1:]
    return Table(
        frame=pd.DataFrame(index=pd.RangeIndex(len(images))),
        schema=Schema((), (height, width, channels)),
        raw=pd.DataFrame(index=pd.RangeIndex(len(images))),
        target=target.values,
        labels=target.labels,
        task=target.task,
        target_name=data.target,
        rows=np.asarray(source.rows[kept], dtype=np.int64),
        notes=(*source.notes, *target.notes),
        images=images,
        symmetries=data.symmetries,
        groups=None if source.groups is None else source.groups[kept],
    )

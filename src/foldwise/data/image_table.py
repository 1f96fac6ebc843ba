"""Images as a table: no columns, but an array of pixels, and the labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from foldwise.data.schema import Schema
from foldwise.data.sources.image_array import ImageSource, shown_shape
from foldwise.data.sources.images import read_images, read_test_images
from foldwise.data.table import Table
from foldwise.data.target import Target, known_target, read_target
from foldwise.errors import DataError
from foldwise.spec.images import ImageSpec
from foldwise.spec.places import Paths


def read_image_table(data: ImageSpec, paths: Paths | None = None) -> Table:
    """Read images and infer the task from their labels.

    Raises:
        ConfigError: a key of `data` does not fit the images.
        DataError: the images cannot be read or learnt from.
    """
    source = read_images(data, paths or Paths())
    return _table(source, read_target(_labels(source, data), data), data)


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
    return _table(source, known_target(_labels(source, data), data, table.labels), data)


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
    )

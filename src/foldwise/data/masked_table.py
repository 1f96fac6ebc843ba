"""Images with masks as a table: the target of a row is the class of each of its pixels."""

from __future__ import annotations

import numpy as np
import pandas as pd

from foldwise.data.masks import MaskValues, coded, read_classes, shares
from foldwise.data.schema import Schema
from foldwise.data.sources.image_array import ImageSource
from foldwise.data.table import Table
from foldwise.errors import ConfigError
from foldwise.spec.images import FolderData, ImageSpec, NpzData

TARGET = "mask"


def masked_table(source: ImageSource, data: ImageSpec, like: Table | None = None) -> Table:
    """A table of images and masks. A picture whose mask is all background is kept: that there is nothing is an answer too.

    like: the training images, whose classes are taken; without it the classes follow from the masks and `data.classes`.

    Raises:
        ConfigError: data.task is another one, or data.classes names a class twice.
        DataError: a value of a mask is none of the classes, or there is only one.
    """
    assert isinstance(data, NpzData | FolderData)  # no other source has masks
    assert source.masks is not None
    if data.task not in ("auto", "segmentation"):
        rule = f"is {data.task}, and data.masks gives each pixel a class, which is segmentation"
        raise ConfigError("data.task", f"{rule}; leave it at auto, or leave data.masks out")
    if like is None:
        classes, how = read_classes(source.masks, source.classes, data.ignored, source.place, source.mask_files)
    else:
        classes, how = like.classes, MaskValues.read(like.written[TARGET])
    codes = coded(source.masks, how, source.place, source.mask_files)
    empty = int((codes == 0).all(axis=(1, 2)).sum())
    notes = [f"pixels: {shares(codes, classes)}"]
    if empty:
        notes.append(f"{empty} of {len(codes)} masks are all {classes[0]}; their pictures are kept")
    height, width, channels = source.images.shape[1:]
    return Table(
        frame=pd.DataFrame(index=pd.RangeIndex(len(codes))),
        schema=Schema((), (height, width, channels)),
        raw=pd.DataFrame(index=pd.RangeIndex(len(codes))),
        target=codes,
        labels=(),
        task="segmentation",
        target_name=TARGET,
        rows=np.asarray(source.rows, dtype=np.int64),
        groups=source.groups,
        notes=(*source.notes, *notes),
        images=source.images,
        symmetries=data.symmetries,
        written={TARGET: how.written},
        classes=classes,
    )

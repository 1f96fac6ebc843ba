"""Images with boxes as a table."""

from __future__ import annotations

import numpy as np
import pandas as pd

from foldwise.data.boxes import as_array, check_labels, class_names, notes
from foldwise.data.schema import Schema
from foldwise.data.sources.box_file import Boxed
from foldwise.data.sources.image_array import ImageSource
from foldwise.data.table import Table
from foldwise.errors import ConfigError
from foldwise.spec.images import FolderData, ImageSpec, NpzData

TARGET = "boxes"
WORDS = ("auto", "detection")  # tasks that can be asked for


def boxed_table(source: ImageSource, boxed: Boxed, data: ImageSpec, training: Table | None = None) -> Table:
    """The images of a source with their boxes as targets.

    Args:
        source: the images.
        boxed: their boxes.
        data: the options.
        training: the table whose classes these boxes have; None: of these.

    Raises:
        ConfigError: data.task or data.classes does not fit boxes.
        DataError: a box does not fit its picture or the classes.
    """
    if data.task not in WORDS:
        raise ConfigError("data.task", f"{data.task} predicts a label or a number for a picture; with data.boxes use detection")
    assert isinstance(data, NpzData | FolderData)
    assert not isinstance(data.classes, str)
    height, width, channels = source.images.shape[1:]
    if training is None:
        classes = class_names(boxed.pictures, data.classes, boxed.place)
    else:
        classes = training.classes
        check_labels(boxed.pictures, classes, "the classes of the training boxes")
    return Table(
        frame=pd.DataFrame(index=pd.RangeIndex(len(source.images))),
        schema=Schema((), (height, width, channels)),
        raw=pd.DataFrame(index=pd.RangeIndex(len(source.images))),
        target=as_array(boxed.pictures, boxed.sizes, (height, width), classes, boxed.titles),
        labels=(),
        classes=classes,
        task="detection",
        target_name=TARGET,
        rows=np.asarray(source.rows, dtype=np.int64),
        groups=source.groups,
        notes=(*source.notes, *notes(boxed.pictures, classes)),
        images=source.images,
        symmetries=data.symmetries,
    )

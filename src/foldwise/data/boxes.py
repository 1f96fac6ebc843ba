"""Boxes of pictures as an array: checked against the pictures, scaled with them, their labels as codes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from foldwise.data.cells import shown
from foldwise.data.class_names import check_asked, check_found
from foldwise.data.sources.box_file import Box, BoxedPicture
from foldwise.data.sources.image_array import shown_shape
from foldwise.errors import DataError
from foldwise.system.known_words import did_you_mean

MOST_IN_A_PICTURE = 1000
MOST_CLASSES = 1000
TOLERANCE = 0.01  # of the picture's side, or TOLERANCE_PIXELS: a box that reaches further out is a mistake
TOLERANCE_PIXELS = 1.0
EMPTY = -1.0

Boxes = npt.NDArray[np.float32]


def class_names(pictures: Sequence[BoxedPicture], asked: Sequence[str] | None, place: str) -> tuple[str, ...]:
    """The classes of the training boxes: those of `data.classes` in their order, else all labels in the order of their names.

    Raises:
        ConfigError: data.classes names one twice, or a blank one.
        DataError: there are no boxes, a label is not in data.classes, or labels are too many.
    """
    counts = Counter(box.label for picture in pictures for box in picture.boxes)
    if not counts:
        raise DataError(f"{place} holds no boxes, so there is nothing to learn; add some")
    names = tuple(sorted(counts)) if asked is None else tuple(asked)
    if asked is None:
        check_found(names, place)
    else:
        check_asked(names)
    if len(names) > MOST_CLASSES:
        raise DataError(f"{place}: boxes have {len(names)} labels, and at most {MOST_CLASSES} are learned; join some")
    check_labels(pictures, names, "data.classes")
    return names


def check_labels(pictures: Sequence[BoxedPicture], names: Sequence[str], known: str) -> None:
    """Refuse a label that is none of the names, which are those of `known`.

    Raises:
        DataError: with the place of the box.
    """
    for picture in pictures:
        for box in picture.boxes:
            if box.label not in names:
                near = did_you_mean(box.label, names)
                raise DataError(f"{box.where}: {shown(box.label)} is not among {known}{near or '; correct the label'}")


def as_array(
    pictures: Sequence[BoxedPicture],
    sizes: Sequence[tuple[int, int]],
    size: tuple[int, int],
    names: Sequence[str],
    titles: Sequence[str],
) -> Boxes:
    """Boxes as numbers, (pictures, most, 5): code of the label, x_min, y_min, x_max, y_max; rows of -1 where there are fewer.

    A box that reaches out of its picture by at most a pixel, or a hundredth of the side, ends at the edge.

    Args:
        pictures: in the order of the images.
        sizes: height and width of each picture, in whose pixels its boxes are.
        size: height and width that all pictures were resized to.
        names: of the classes.
        titles: what the pictures are called in messages.

    Raises:
        DataError: a box is empty, inverted or outside its picture, or the file says that the picture has another size.
    """
    most = max((len(picture.boxes) for picture in pictures), default=0)
    if most > MOST_IN_A_PICTURE:
        crowded = next(place for place, picture in enumerate(pictures) if len(picture.boxes) == most)
        raise DataError(f"{titles[crowded]} has {most} boxes, and at most {MOST_IN_A_PICTURE} are learned; cut the picture up")
    code = {name: number for number, name in enumerate(names)}
    boxes = np.full((len(pictures), max(most, 1), 5), EMPTY, dtype=np.float32)
    for row, (picture, own, title) in enumerate(zip(pictures, sizes, titles, strict=True)):
        if picture.size is not None and picture.size != own:
            rule = f"{title} has {shown_shape(own)} pixels, and the file of boxes says {shown_shape(picture.size)}"
            raise DataError(f"{rule}; give the boxes of the picture as it is")
        scale = np.array([size[1] / own[1], size[0] / own[0]] * 2)
        for place, box in enumerate(picture.boxes):
            boxes[row, place] = [code[box.label], *(np.array(_inside(box, own, title)) * scale)]
            if not (boxes[row, place, 3:] > boxes[row, place, 1:3]).all():  # in single precision, as it is learned
                raise DataError(f"{box.where}: the box {_written(box)} of {title} has no size; drop it, or correct it")
    return boxes


def _inside(box: Box, size: tuple[int, int], title: str) -> tuple[float, float, float, float]:
    """The corners of a box, cut at the picture's edges."""
    x_min, y_min, x_max, y_max = box.corners
    written = _written(box)
    if not (x_max > x_min and y_max > y_min):
        rule = f"{box.where}: the box {written} of {title} is empty or inverted"
        raise DataError(f"{rule}; give x_min < x_max and y_min < y_max")
    height, width = size
    out = (max(-x_min, x_max - width), max(-y_min, y_max - height))
    allowed = [max(TOLERANCE_PIXELS, TOLERANCE * side) for side in (width, height)]
    cut = (max(x_min, 0.0), max(y_min, 0.0), min(x_max, float(width)), min(y_max, float(height)))
    if out[0] > allowed[0] or out[1] > allowed[1] or cut[0] >= cut[2] or cut[1] >= cut[3]:
        rule = f"{box.where}: the box {written} reaches out of {title}, which has {shown_shape(size)} pixels"
        raise DataError(f"{rule}; correct it (up to {allowed[0]:g} pixels across and {allowed[1]:g} down are cut off)")
    return cut


def _written(box: Box) -> str:
    return f"[{', '.join(f'{corner:g}' for corner in box.corners)}]"


def notes(pictures: Sequence[BoxedPicture], names: Sequence[str]) -> tuple[str, ...]:
    """What `prepare` and the screen say of boxes: how many there are of each class, and pictures without any."""
    counts = Counter(box.label for picture in pictures for box in picture.boxes)
    text = f"{sum(counts.values())} boxes in {len(pictures)} pictures: {', '.join(f'{counts[name]} {name}' for name in names)}"
    bare = sum(not picture.boxes for picture in pictures)
    return (text, f"{bare} of {len(pictures)} pictures have no boxes: they teach that nothing is there") if bare else (text,)

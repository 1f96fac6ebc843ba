"""Images of any source, and the checks for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from foldwise.errors import DataError

if TYPE_CHECKING:
    from foldwise.data.sources.box_file import Boxed

MOST_BYTES = 4 * 2**30  # of one array of pixels: a header may promise more than fits into memory
MOST_CHANNELS = 32
COLOURS = (1, 3, 4)
ONE_LABEL = "but data.labels gives one label for each image, and masks are named by data.masks"

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class ImageSource:
    """Images and their labels or masks.

    images: (rows, height, width, channels).
    labels: (rows,), numbers or text; None without labels.
    masks: (rows, height, width), whole numbers as they were read; None without masks.
    mask_files: of each mask, where they are files.
    classes: the names of the masks' classes; None if they have none.
    groups: (rows,), of data.group.
    boxed: the boxes of the images; None without boxes.
    rows: (rows,), zero-based position in the source; unreadable images are left out.
    place: the name of the source in messages.
    """

    images: Pixels
    labels: npt.NDArray[Any] | None
    rows: npt.NDArray[np.int64]
    place: str
    notes: tuple[str, ...] = ()
    masks: npt.NDArray[Any] | None = None
    classes: tuple[str, ...] | None = None
    groups: npt.NDArray[Any] | None = None
    boxed: Boxed | None = None
    mask_files: tuple[str, ...] = ()


def image_source(
    images: npt.NDArray[Any], labels: npt.NDArray[Any] | None, place: str, notes: Sequence[str] = ()
) -> ImageSource:
    """Arrays as a source, after their shapes and values are checked.

    Raises:
        DataError: they are not images, or there is not one label for each image.
    """
    shaped = as_images(images, place)
    if labels is not None:
        labels = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
        if labels.ndim > 2:
            advice = f"give one label for each image, shape ({len(shaped)},)"
            raise DataError(f"{place}: labels have shape {labels.shape}, as masks have, {ONE_LABEL}; {advice}")
        if labels.ndim != 1:
            raise DataError(f"{place}: labels have shape {labels.shape}; give one label for each image, as by y.argmax(axis=1)")
        if len(labels) != len(shaped):
            raise DataError(f"{place}: there are {len(shaped)} images and {len(labels)} labels; give one label for each image")
    return ImageSource(shaped, labels, np.arange(len(shaped), dtype=np.int64), place, tuple(notes))


def as_images(array: npt.NDArray[Any], place: str) -> Pixels:
    """An array as (rows, height, width, channels) of uint8.

    Raises:
        DataError: it has another shape, or values outside 0 to 255.
    """
    check_shape(array.shape, place)
    if array.dtype != np.uint8:
        if array.dtype.kind not in "iub":
            raise DataError(
                f"{place}: images have dtype {array.dtype}; give whole numbers from 0 to 255, as by (255 * x).astype('uint8')"
            )
        if array.size and (array.min() < 0 or array.max() > 255):
            raise DataError(f"{place}: pixels range from {array.min()} to {array.max()}; scale them to 0 to 255")
        array = array.astype(np.uint8)
    images: Pixels = np.ascontiguousarray(array if array.ndim == 4 else array[..., None])
    return images


def check_shape(shape: tuple[int, ...], place: str) -> None:
    """Check the shape of images: (rows, height, width[, channels]).

    Raises:
        DataError: the shape is another, empty, or too large.
    """
    if len(shape) not in (3, 4):
        raise DataError(f"{place}: images have shape {shape}; give (rows, height, width) or (rows, height, width, channels)")
    if len(shape) == 4 and shape[1] in COLOURS and shape[3] not in COLOURS:
        raise DataError(f"{place}: images of shape {shape} have their channels first; give x.transpose(0, 2, 3, 1)")
    if len(shape) == 4 and shape[3] > MOST_CHANNELS:
        raise DataError(f"{place}: images of shape {shape} have {shape[3]} channels; give at most {MOST_CHANNELS}")
    if 0 in shape:
        raise DataError(f"{place}: holds no images, its shape is {shape}; add images")
    check_size(shape, place)


def check_size(shape: Sequence[int], place: str, advice: str = "give fewer or smaller ones") -> None:
    """Check that an array of bytes of this shape is not too large.

    Raises:
        DataError: it has more than MOST_BYTES.
    """
    size = 1
    for side in shape:
        size *= int(side)
    if size > MOST_BYTES:
        rule = f"{shown_shape(shape)} pixels take {size / 2**30:.1f} GiB, and at most {MOST_BYTES / 2**30:g} are read"
        raise DataError(f"{place}: {rule}; {advice}")


def shown_shape(shape: Sequence[int]) -> str:
    """A shape for a message: 28 x 28 x 1."""
    return " x ".join(map(str, shape))

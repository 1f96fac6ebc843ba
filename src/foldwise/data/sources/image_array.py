"""Images as they were found, and the rules that every source of them keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.errors import DataError

MOST_BYTES = 4 * 2**30  # of one array of pixels: a header may promise what no memory holds
MOST_CHANNELS = 32
COLOURS = (1, 3, 4)

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class ImageSource:
    """Images and their labels.

    images: (rows, height, width, channels).
    labels: (rows,), numbers or text; None where there are none.
    rows: (rows,), zero-based position in the source; what could not be read is not here.
    place: what sentences call it.
    """

    images: Pixels
    labels: npt.NDArray[Any] | None
    rows: npt.NDArray[np.int64]
    place: str
    notes: tuple[str, ...] = ()


def image_source(
    images: npt.NDArray[Any], labels: npt.NDArray[Any] | None, place: str, notes: Sequence[str] = ()
) -> ImageSource:
    """Arrays as a source, after their shapes and values were checked.

    Raises:
        DataError: they are no images, or labels are not one a row.
    """
    shaped = as_images(images, place)
    if labels is not None:
        labels = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
        if labels.ndim != 1:
            raise DataError(f"{place}: labels have shape {labels.shape}; one label a row is due, as in y.argmax(axis=1)")
        if len(labels) != len(shaped):
            raise DataError(f"{place}: there are {len(shaped)} images and {len(labels)} labels; they must be as many")
    return ImageSource(shaped, labels, np.arange(len(shaped), dtype=np.int64), place, tuple(notes))


def as_images(array: npt.NDArray[Any], place: str) -> Pixels:
    """An array as (rows, height, width, channels) of uint8.

    Raises:
        DataError: it has another shape, or values outside of 0 to 255.
    """
    check_shape(array.shape, place)
    if array.dtype != np.uint8:
        if array.dtype.kind not in "iub":
            raise DataError(
                f"{place}: images are of {array.dtype}; give whole numbers from 0 to 255, as (255 * x).astype('uint8')"
            )
        if array.size and (array.min() < 0 or array.max() > 255):
            raise DataError(f"{place}: pixels go from {array.min()} to {array.max()}; they must be from 0 to 255")
        array = array.astype(np.uint8)
    images: Pixels = np.ascontiguousarray(array if array.ndim == 4 else array[..., None])
    return images


def check_shape(shape: tuple[int, ...], place: str) -> None:
    """Whether an array of this shape is images (rows, height, width[, channels]).

    Raises:
        DataError: it is not, or it is empty, or too large.
    """
    if len(shape) not in (3, 4):
        raise DataError(f"{place}: images have shape {shape}; (rows, height, width) or (rows, height, width, channels) is due")
    if len(shape) == 4 and shape[1] in COLOURS and shape[3] not in COLOURS:
        raise DataError(f"{place}: images of shape {shape} have their channels first; give x.transpose(0, 2, 3, 1)")
    if len(shape) == 4 and shape[3] > MOST_CHANNELS:
        raise DataError(f"{place}: images of shape {shape} would have {shape[3]} channels; at most {MOST_CHANNELS} are taken")
    if 0 in shape:
        raise DataError(f"{place}: holds no images, its shape is {shape}")
    check_size(shape, place)


def check_size(shape: Sequence[int], place: str, advice: str = "give fewer or smaller ones") -> None:
    """Whether so many numbers of a byte each may be read.

    Raises:
        DataError: they are more than MOST_BYTES.
    """
    size = 1
    for side in shape:
        size *= int(side)
    if size > MOST_BYTES:
        told = " x ".join(map(str, shape))
        raise DataError(
            f"{place}: {told} pixels take {size / 2**30:.1f} GiB, and at most {MOST_BYTES / 2**30:g} are read; {advice}"
        )


def shown_shape(shape: Sequence[int]) -> str:
    """A shape in words: 28 x 28 x 1."""
    return " x ".join(map(str, shape))

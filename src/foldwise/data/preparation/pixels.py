"""From images to the input of a network. Pixels stay uint8 until rows of them are read as numbers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.data.preparation.target_scale import UNSCALED, TargetScale
from foldwise.data.sources.image_array import as_images, shown_shape
from foldwise.errors import DataError
from foldwise.spec.prep import PrepSpec

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

SCALES = ("none", "unit", "standard", "minmax")
LEVELS = 256
BLOCK = 4096  # images counted at once


@dataclass(frozen=True, eq=False)
class Images:
    """Images as features (rows, height * width * channels), row by row and channels last.

    It takes the place of a float32 array: it has a shape and a length, and a slice or `numpy.asarray` gives the scaled
    numbers. It holds no pixels of its own.

    pixels: (all rows, features), of a whole table. at: (rows,), positions in it. center, scale: (features,).
    image: height, width and channels.
    """

    pixels: Bytes
    at: npt.NDArray[np.int64]
    center: Floats
    scale: Floats
    image: tuple[int, int, int]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and features."""
        return len(self.at), self.pixels.shape[1]

    @property
    def nbytes(self) -> int:
        """The bytes that it holds in addition to the table's pixels."""
        return self.at.nbytes

    def __len__(self) -> int:
        return len(self.at)

    def __getitem__(self, rows: slice) -> Floats:
        """Some rows as numbers, (rows, features)."""
        return (self.pixels[self.at[rows]].astype(np.float32) - self.center) / self.scale

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return self[:] if dtype is None else self[:].astype(dtype, copy=False)

    def bytes(self) -> Bytes:
        """All rows unscaled, (rows, features)."""
        return self.pixels[self.at]


@dataclass(frozen=True)
class ImagePreparation:
    """A fitted preparation of images, plain values only: `(x - center) / scale`, with one center and scale for each channel."""

    shape: tuple[int, int, int]
    center: tuple[float, ...]
    scale: tuple[float, ...]
    target: TargetScale = UNSCALED

    @cached_property
    def features(self) -> tuple[str, ...]:
        """The names of the output columns: pixel_<row>_<column>, and _<channel> if there are several."""
        height, width, channels = self.shape
        ends = [""] if channels == 1 else [f"_{channel}" for channel in range(channels)]
        return tuple(f"pixel_{row}_{column}{end}" for row in range(height) for column in range(width) for end in ends)

    @property
    def origins(self) -> tuple[str, ...]:
        """The table's column of each output column; an image has none."""
        return ()

    @property
    def columns(self) -> frozenset[str]:
        """The names of the table's columns that it uses: none."""
        return frozenset()

    def rows(self, images: Bytes, at: npt.ArrayLike | None = None) -> Images:
        """Images (rows, height, width, channels) as features, all or those at these positions."""
        height, width, _ = self.shape
        center, scale = (np.tile(np.array(part, dtype=np.float32), height * width) for part in (self.center, self.scale))
        chosen = np.arange(len(images), dtype=np.int64) if at is None else np.asarray(at, dtype=np.int64)
        return Images(images.reshape(len(images), -1), chosen, center, scale, self.shape)

    def transform(self, images: Bytes) -> Floats:
        """Images as numbers, (rows, features)."""
        return self.rows(images)[:]


def fit_pixels(images: Bytes, rows: npt.NDArray[np.int64], prep: PrepSpec, target: TargetScale) -> ImagePreparation:
    """Fit one center and one scale for each channel on these rows alone.

    `unit` is x / 255, `standard` has mean 0 and deviation 1, `minmax` goes from 0 to 1; a constant channel has scale 1.
    """
    height, width, channels = images.shape[1:]
    level = np.arange(LEVELS, dtype=np.float64)
    none, ones = np.zeros(channels), np.ones(channels)
    match prep.scale:
        case "standard":
            shares = _counts(images, rows)
            shares /= shares.sum(axis=1, keepdims=True)
            center = shares @ level
            scale = np.sqrt(np.maximum((shares * (level - center[:, None]) ** 2).sum(axis=1), 0.0))
        case "minmax":
            there = _counts(images, rows) > 0
            center = there.argmax(axis=1).astype(np.float64)
            scale = LEVELS - 1 - there[:, ::-1].argmax(axis=1) - center
        case "unit":
            center, scale = none, ones * (LEVELS - 1)
        case _:
            center, scale = none, ones
    scale = np.where(scale > 0, scale, 1.0)
    return ImagePreparation((height, width, channels), tuple(center.tolist()), tuple(scale.tolist()), target)


def conform_images(images: npt.NDArray[Any], shape: tuple[int, int, int]) -> Bytes:
    """Raw images in the form that a model takes.

    Raises:
        DataError: they have another size, or are not images.
    """
    found = as_images(images, "the images")
    if found.shape[1:] != shape:
        raise DataError(f"the images are {shown_shape(found.shape[1:])}, and the model takes {shown_shape(shape)}; resize them")
    return found


def _counts(images: Bytes, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """The count of each level, (channels, 256)."""
    channels = images.shape[-1]
    counts = np.zeros((channels, LEVELS))
    for start in range(0, len(rows), BLOCK):
        block = images[rows[start : start + BLOCK]]
        for channel in range(channels):
            counts[channel] += np.bincount(block[..., channel].ravel(), minlength=LEVELS)
    return counts

"""Masks: which class each pixel of a picture has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.data.cells import listed
from foldwise.data.class_names import check_asked
from foldwise.data.sources.image_array import MOST_CHANNELS, shown_shape
from foldwise.errors import ConfigError, DataError

IGNORED = 255  # the code of a pixel that counts nowhere
MOST_CLASSES = 255
MOST_UNNAMED = 50  # more different values are a picture, or one with blurred edges, rather than classes

Codes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class MaskValues:
    """How the classes are written in masks.

    values: the pixel value of each class, in the order of their codes. ignored: the value of pixels that count nowhere.
    """

    values: tuple[int, ...]
    ignored: int | None = None

    @property
    def written(self) -> str:
        """As text, for a table and a bundle: `0 255`, or `0 255 ignored 7`."""
        return " ".join(map(str, self.values)) + ("" if self.ignored is None else f" ignored {self.ignored}")

    @classmethod
    def read(cls, written: str) -> MaskValues:
        """The inverse of `written`.

        Raises:
            ValueError: it is not such a text.
        """
        values, _, ignored = written.partition(" ignored ")
        return cls(tuple(int(value) for value in values.split()), int(ignored) if ignored else None)


def check_masks(masks: npt.NDArray[Any], images: npt.NDArray[Any], place: str) -> npt.NDArray[Any]:
    """Masks (rows, height, width) of whole numbers, after a last axis of length 1 is dropped.

    Raises:
        DataError: they are not whole numbers, or not one for each pixel of each image.
    """
    check_masks_shape(masks.shape, images.shape, place)
    if masks.dtype.kind not in "iub":
        rule = f"{place}: masks have dtype {masks.dtype}, and each pixel is the code of its class"
        raise DataError(f"{rule}; give whole numbers, as by masks.astype('uint8')")
    return masks.reshape(masks.shape[:3])


def check_masks_shape(masks: Sequence[int], images: Sequence[int], place: str) -> None:
    """Refuse masks of another shape than the images.

    Raises:
        DataError: there is not one value for each pixel of each image.
    """
    flat = tuple(masks[:3]) if len(masks) == 4 and masks[3] == 1 else tuple(masks)
    if len(flat) == 4 and flat[3] <= MOST_CHANNELS:
        rule = f"{place}: masks have shape {tuple(masks)}, as colours or one map for each class have"
        raise DataError(f"{rule}; give the code of each pixel's class, (rows, height, width), as by masks.argmax(axis=-1)")
    if len(flat) != 3:
        raise DataError(f"{place}: masks have shape {tuple(masks)}; give the code of each pixel's class, (rows, height, width)")
    if flat[0] != images[0]:
        raise DataError(f"{place}: there are {images[0]} images and {flat[0]} masks; give one mask for each image")
    if flat[1:] != tuple(images[1:3]):
        rule = f"{place}: masks are {shown_shape(flat[1:])} pixels, and their images {shown_shape(images[1:3])}"
        raise DataError(f"{rule}; give each mask the size of its image")


def read_classes(
    masks: npt.NDArray[Any], names: Sequence[str] | None, ignored: int | None, place: str, files: Sequence[str] = ()
) -> tuple[tuple[str, ...], MaskValues]:
    """The classes of the training masks.

    Values 0 to k - 1 are the positions of k names. Other values are as many as the names, the lowest the first; without names
    a class is called by its value.

    Args:
        masks: whole numbers, (rows, height, width).
        names: data.classes, None if they have none.
        ignored: data.ignored.
        place: of the masks, in messages.
        files: of each mask, where they are files.

    Raises:
        ConfigError: two classes have one name, or one is blank.
        DataError: a value is none of the classes, or there is only one.
    """
    found = [value for value in _distinct(masks) if value != ignored]
    if not found:
        raise DataError(f"{place}: all pixels of the masks are data.ignored={ignored}; correct it")
    if names is None:
        if len(found) > MOST_UNNAMED:
            rule = f"{place}: the masks have {len(found)} different values, from {found[0]} to {found[-1]}"
            raise DataError(f"{rule}, which are hardly classes; give one value for each class, or name them as data.classes")
        names, values = [str(value) for value in found], tuple(found)
    else:
        check_asked(names)
        values = _named_values(found, names, masks, place, files)
    if len(found) == 1:
        rule = f"{place}: every known pixel of every mask is {found[0]}, so there is nothing to learn"
        raise DataError(f"{rule}; check data.masks and data.ignored")
    return tuple(names), MaskValues(values, ignored)


def _named_values(
    found: Sequence[int], names: Sequence[str], masks: npt.NDArray[Any], place: str, files: Sequence[str]
) -> tuple[int, ...]:
    if len(names) > MOST_CLASSES:
        raise ConfigError("data.classes", f"has {len(names)} names, and masks have at most {MOST_CLASSES} classes; use fewer")
    if found[0] >= 0 and found[-1] < len(names):
        return tuple(range(len(names)))
    if len(found) == len(names):
        return tuple(found)
    strange = next((value for value in found if not 0 <= value < len(names)), found[-1])
    row = int(np.flatnonzero((masks == strange).any(axis=(1, 2)))[0])
    rule = f"has the value {strange}, and data.classes names {len(names)}, for the values 0 to {len(names) - 1}"
    advice = f"name {len(found)} classes for the {len(found)} values that there are, or set data.ignored={strange}"
    raise DataError(f"{_mask(row, place, files)} {rule}; {advice}")


def _mask(row: int, place: str, files: Sequence[str]) -> str:
    """A mask in a message."""
    return f"the mask {files[row]}" if files else f"{place}: mask {row + 1}"


def coded(masks: npt.NDArray[Any], how: MaskValues, place: str, files: Sequence[str] = ()) -> Codes:
    """The code of each pixel's class, IGNORED where it counts nowhere; (rows, height, width).

    files: of each mask, where they are files.

    Raises:
        DataError: a value is none of the classes.
    """
    codes = np.full(masks.shape, IGNORED, dtype=np.uint8)
    known = np.zeros(masks.shape, dtype=np.bool_) if how.ignored is None else masks == how.ignored
    for code, value in enumerate(how.values):
        if value != how.ignored:
            there = masks == value
            codes[there] = code
            known |= there
    if not known.all():
        row = int(np.flatnonzero(~known.all(axis=(1, 2)))[0])
        strange = int(masks[row][~known[row]][0])
        rule = f"{_mask(row, place, files)} has the value {strange}, which is none of the training masks' classes"
        raise DataError(f"{rule} ({listed([str(value) for value in how.values])}); correct the mask")
    return codes


def shares(codes: Codes, labels: Sequence[str]) -> str:
    """The share of the known pixels of each class, for a note."""
    counts = np.bincount(codes.ravel(), minlength=IGNORED + 1)
    known = max(1, int(counts[:IGNORED].sum()))
    return ", ".join(f"{label} {100 * counts[code] / known:.3g} %" for code, label in enumerate(labels))


def _distinct(masks: npt.NDArray[Any]) -> list[int]:
    """The different values, in order; picture by picture, so that no copy of all is sorted."""
    if masks.dtype in (np.uint8, np.bool_):
        return [int(value) for value in np.flatnonzero(np.bincount(masks.ravel().astype(np.uint8), minlength=256))]
    found: set[int] = set()
    for mask in masks:
        found.update(int(value) for value in np.unique(mask))
    return sorted(found)

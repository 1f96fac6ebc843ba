"""Class maps as answers: PNG pictures, and the area of each class."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.tasks.pictures import answer_name

Codes = npt.NDArray[np.uint8]


def names_of(classes: Sequence[str]) -> list[tuple[str, str]]:
    """The columns of each class: its pixels, and their share of the picture."""
    return [(f"pixels_{label}", f"share_{label}") for label in classes]


def areas(masks: Codes, classes: Sequence[str]) -> dict[str, npt.NDArray[np.float64]]:
    """The cells of these columns, (rows,) each."""
    size = max(1, masks.shape[1] * masks.shape[2])
    found = {}
    for code, (pixels, share) in enumerate(names_of(classes)):
        counts = (masks == code).sum(axis=(1, 2)).astype(np.float64)
        found.update({pixels: counts, share: counts / size})
    return found


def png(mask: Codes) -> bytes:
    """A mask (height, width) as a grey PNG: the value of a pixel is the place of its class among the classes."""
    from PIL import Image

    written = BytesIO()
    Image.fromarray(mask, mode="L").save(written, format="PNG")
    return written.getvalue()


def as_png(mask: Codes) -> str:
    """The same in base64, for JSON."""
    return base64.b64encode(png(mask)).decode("ascii")


def write_masks(
    folder: Path, rows: Sequence[int], files: Sequence[str] | None, images: npt.NDArray[Any], masks: Codes
) -> list[str]:
    """A PNG for each picture: `<row>_<name of its file>.png`, or `<row>.png` where pictures are rows of an array.

    The row is the same as in the table of answers, so two files of one name in two folders keep apart.

    Returns:
        The names.
    """
    del images
    names = [f"{answer_name(row, None if files is None else files[place])}.png" for place, row in enumerate(rows)]
    for name, mask in zip(names, masks, strict=True):
        (folder / name).write_bytes(png(mask))
    return names

"""Hashes of rows that depend on their cells alone, so that a row keeps its hash as the table grows."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.data.cells import hashable_text
from foldwise.errors import DataError, did_you_mean

Hashes = npt.NDArray[np.float64]


def hash_rows(frame: pd.DataFrame, columns: tuple[str, ...], decimal: str = ".") -> Hashes:
    """A number in [0, 1) for each row, (rows,), from its cells in these columns.

    Raises:
        DataError: a column is missing.
    """
    texts = []
    for name in columns:
        if name not in frame.columns:
            raise DataError(f"column {name} decides which rows are held out and is missing{did_you_mean(name, frame.columns)}")
        cells = frame[name]
        absent = cells.isna().to_numpy()
        known = {cell: hashable_text(cell, decimal) for cell in set(cells[~absent])}
        texts.append(["" if gone else known[cell] for cell, gone in zip(cells, absent, strict=True)])
    return np.array([_hash("\x1f".join(row).encode("utf-8", "surrogatepass")) for row in zip(*texts, strict=True)])


def hash_images(images: npt.NDArray[np.uint8]) -> Hashes:
    """A number in [0, 1) for each image, (rows,), from its pixels."""
    return np.array([_hash(image.tobytes()) for image in images])


def _hash(content: bytes) -> float:
    digest = hashlib.blake2b(content, digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / 2**53

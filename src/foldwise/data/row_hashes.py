"""Hashes of rows that depend on their cells alone, so that a row keeps its hash as the table grows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.data.blocks import blocks
from foldwise.data.cells import EXACT, hashable_text
from foldwise.errors import DataError
from foldwise.system.known_words import did_you_mean

Hashes = npt.NDArray[np.float64]


def hash_rows(frame: pd.DataFrame, columns: tuple[str, ...], decimal: str = ".") -> Hashes:
    """A number in [0, 1) for each row, (rows,), from its cells in these columns.

    Raises:
        DataError: a column is missing.
    """
    for name in columns:
        if name not in frame.columns:
            raise DataError(f"column {name} decides which rows are held out and is missing{did_you_mean(name, frame.columns)}")
    cells = [frame[name] for name in columns]
    hashes = np.empty(len(frame))
    for at in blocks(len(frame)):  # a text of each cell takes far more memory than the cell
        texts = [_texts(column.iloc[at], decimal) for column in cells]
        hashes[at] = [_hash("\x1f".join(row).encode("utf-8", "surrogatepass")) for row in zip(*texts, strict=True)]
    return hashes


def _texts(cells: pd.Series[Any], decimal: str) -> list[str]:
    """`hashable_text` of each cell, '' where it is missing."""
    if cells.dtype == np.float64:
        numbers = cells.to_numpy() + 0.0  # one zero
        if not (np.abs(numbers) >= EXACT).any():
            return ["" if number != number else repr(number) for number in numbers.tolist()]  # noqa: PLR0124 true for nan
    absent = cells.isna().to_numpy()
    known = {cell: hashable_text(cell, decimal) for cell in set(cells[~absent])}
    return ["" if gone else known[cell] for cell, gone in zip(cells, absent, strict=True)]


def hash_of_rows(columns: Sequence[npt.NDArray[Any]]) -> str:
    """A sha256 over rows in any order: equal for equal rows, each as often.

    Args:
        columns: typed cells, each (rows, ...): floats, whole numbers, moments, or objects of str or None.
    """
    digests = []
    for at in blocks(len(columns[0])):
        block = np.concatenate([_as_bytes(cells[at]) for cells in columns], axis=1)
        digests += [hashlib.blake2b(row, digest_size=16).digest() for row in np.ascontiguousarray(block)]
    return hashlib.sha256(b"".join(sorted(digests))).hexdigest()


def _as_bytes(cells: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Cells (rows, ...) as bytes (rows, bytes), alike for like cells."""
    if cells.dtype.kind == "f":  # one zero, one nan
        cells = np.where(np.isnan(cells), np.nan, cells.astype(np.float64) + 0.0)
    elif cells.dtype == object:
        texts = {cell: repr(cell).encode("utf-8", "surrogatepass") for cell in set(cells)}
        known = {
            cell: np.frombuffer(hashlib.blake2b(text, digest_size=8).digest(), dtype=np.uint8) for cell, text in texts.items()
        }
        cells = np.array([known[cell] for cell in cells])
    return np.ascontiguousarray(cells).reshape(len(cells), -1).view(np.uint8)


def hash_images(images: npt.NDArray[np.uint8]) -> Hashes:
    """A number in [0, 1) for each image, (rows,), from its pixels."""
    return np.array([_hash(image.tobytes()) for image in images])


def _hash(content: bytes) -> float:
    digest = hashlib.blake2b(content, digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / 2**53

"""Free text as numbers: words counted in a fixed number of buckets. Nothing is fitted, so nothing can leak."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Hashed:
    """A text column as `width` numbers; each counts the words with its hash.

    A row is scaled to length 1, so that long texts do not outweigh short ones; without a word it is all zeros.
    Source: Weinberger et al. 2009, Feature hashing for large scale multitask learning.
    """

    name: str
    width: int

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the numbers."""
        return tuple(f"{self.name} words {bucket}" for bucket in range(self.width))

    def counts(self, cells: Iterable[str | None]) -> npt.NDArray[np.float64]:
        """Texts (rows,) as numbers (rows, width); None has no words."""
        bucket_of: dict[str, int] = {}
        rows, buckets, place = [], [], -1
        for place, cell in enumerate(cells):
            for word in WORD.findall(cell.lower()) if cell else ():
                bucket = bucket_of.get(word)
                if bucket is None:
                    bucket = bucket_of[word] = bucket_for(word, self.width)
                rows.append(place)
                buckets.append(bucket)
        counts = np.zeros((place + 1, self.width))
        np.add.at(counts, (np.array(rows, dtype=np.int64), np.array(buckets, dtype=np.int64)), 1.0)
        return np.asarray(counts / np.maximum(np.linalg.norm(counts, axis=1, keepdims=True), 1.0))


def bucket_for(word: str, width: int) -> int:
    """The bucket of a word: the same on every machine and in every process, unlike Python's own hash."""
    return zlib.crc32(word.encode("utf-8", "surrogatepass")) % width

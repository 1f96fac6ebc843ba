"""The curves of a search in a file: they are most of what its results take in memory, and few are looked at again."""

from __future__ import annotations

import os
import weakref
from array import array
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryFile

from foldwise.trial.curves import Curves, ReadCurves
from foldwise.trial.result import TrialResult

Shape = tuple[tuple[str, int], ...]  # names and lengths


class _File:
    """A file without a name, closed when nothing refers to it any more."""

    def __init__(self, folder: Path) -> None:
        with TemporaryFile(dir=folder) as file:
            self.number = os.dup(file.fileno())
        weakref.finalize(self, os.close, self.number)


class SpooledCurves(ReadCurves):
    """Curves in a file: their names and lengths, and where their numbers begin."""

    __slots__ = ("_at", "_file", "_shape")

    def __init__(self, file: _File, at: int, shape: Shape) -> None:
        self._file, self._at, self._shape = file, at, shape

    def __reduce__(self) -> tuple[type[Curves], tuple[Curves]]:
        return dict, (dict(self),)

    def __getitem__(self, name: str) -> tuple[float, ...]:
        numbers, start = array("d"), self._at
        for own, count in self._shape:
            size = count * numbers.itemsize
            if own == name:
                numbers.frombytes(os.pread(self._file.number, size, start))
                return tuple(numbers)
            start += size
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return any(own == name for own, _ in self._shape)  # without reading

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._shape)

    def __len__(self) -> int:
        return len(self._shape)


class CurveSpool:
    """A file without a name, in which the curves of a search are kept instead of in memory; it goes with the process.

    A result of ten folds and a hundred epochs takes 160 kB as Python's numbers. Where nothing can be written, curves stay in
    memory.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._end = folder, 0
        self._file: _File | None = None
        self._shapes: dict[Shape, Shape] = {}  # most folds have the same

    def without_curves(self, result: TrialResult) -> TrialResult:
        """The result, equal to the bit, with its curves in the file."""
        with suppress(OSError):
            return replace(result, folds=tuple(replace(fold, curves=self._kept(fold.curves)) for fold in result.folds))
        return result

    def _kept(self, curves: Mapping[str, tuple[float, ...]]) -> SpooledCurves:
        if self._file is None:
            self._file = _File(self._folder)
        numbers = array("d", (value for values in curves.values() for value in values)).tobytes()
        if os.pwrite(self._file.number, numbers, self._end) != len(numbers):
            raise OSError("the disk is full")
        shape = tuple((name, len(values)) for name, values in curves.items())
        kept = SpooledCurves(self._file, self._end, self._shapes.setdefault(shape, shape))
        self._end += len(numbers)
        return kept

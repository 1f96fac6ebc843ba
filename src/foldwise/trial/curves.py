"""Curves that are not in memory until they are looked at: most of a study's results is curves, and few of them are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

Curves = dict[str, tuple[float, ...]]


class ReadCurves(Mapping[str, tuple[float, ...]]):
    """A mapping of curves that are read from elsewhere. It equals the plain mapping and has the same repr."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return dict(self) == (dict(other) if isinstance(other, Mapping) else other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(dict(self))


class WrittenCurves(ReadCurves):
    """Curves as JSON text, which is parsed on first use."""

    __slots__ = ("_read", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._read: Curves | None = None

    def __getitem__(self, name: str) -> tuple[float, ...]:
        return self._curves[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._curves)

    def __len__(self) -> int:
        return len(self._curves)

    @property
    def _curves(self) -> Curves:
        if self._read is None:
            written: dict[str, Any] = json.loads(self._text)
            self._read = {name: tuple(values) for name, values in written.items()}
        return self._read

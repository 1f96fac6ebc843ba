"""Whole files that trials need, held in this process by the sha256 of their bytes.

All trials of a study use the same bytes, even if the file changes meanwhile, and a worker on another machine needs no file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from foldwise.errors import JobError

_held: dict[str, bytes] = {}


def hold(content: bytes) -> str:
    """Hold the bytes of a file; their sha256."""
    name = hashlib.sha256(content).hexdigest()
    _held[name] = content
    return name


def held(sha256: str) -> bytes:
    """The bytes with this sha256.

    Raises:
        JobError: they are not held here.
    """
    if sha256 not in _held:
        raise JobError(f"the file with sha256 {sha256} is not in this process")
    return _held[sha256]


def held_of(names: Iterable[str]) -> Mapping[str, bytes]:
    """Several by their sha256, to be sent to another process."""
    return {name: held(name) for name in names}

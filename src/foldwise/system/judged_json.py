"""JSON that others wrote: bounded in size, depth and count, plain finite numbers, every key once."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from foldwise.system.files import open_regular

DEEPEST = 100
MOST_VALUES = 2**23
MOST_DIGITS = 300  # a float holds no more


def read_json(path: Path, most_bytes: int) -> Any:
    """The value in a file.

    Raises:
        OSError: the file cannot be read, or is not a regular file.
        ValueError: it is larger than `most_bytes`, or as `judged_json`.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        text = file.read(most_bytes + 1) if size <= most_bytes else b""
    if size > most_bytes or len(text) > most_bytes:
        raise ValueError(f"it has {size} bytes, and at most {most_bytes} are read")
    return judged_json(text)


def judged_json(text: bytes) -> Any:
    """The value of a JSON text.

    Raises:
        ValueError: it is not JSON, is nested deeper than 100 levels, has more than 8 million values, a key twice, or a number
            that is not finite.
    """
    if sum(text.count(mark) for mark in (b",", b"[", b"{")) > MOST_VALUES:
        raise ValueError(f"it holds more than {MOST_VALUES} values")
    try:
        value = json.loads(
            text.decode("utf-8"), object_pairs_hook=_mapping, parse_constant=_constant, parse_int=_whole, parse_float=_number
        )
    except RecursionError:
        raise ValueError(f"it is nested deeper than {DEEPEST} levels") from None
    _check_depth(value)
    return value


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(DEEPEST + 1):
        level = [part for whole in level if isinstance(whole, (dict, list)) for part in _parts(whole)]
        if not level:
            return
    raise ValueError(f"it is nested deeper than {DEEPEST} levels")


def _parts(whole: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return whole.values() if isinstance(whole, dict) else whole


def _mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for place, name in enumerate(names) if name in names[:place])
        raise ValueError(f"it has the key {twice[:80]!r} twice")
    return found


def _constant(word: str) -> float:
    raise ValueError(f"it holds {word}, which is not a finite number")


def _whole(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"it holds a number of {len(digits)} digits")
    return int(digits)


def _number(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"it holds {digits[:40]}, which is not a finite number")
    return number

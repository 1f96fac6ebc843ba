"""A page's frame and its parts as one file that needs nothing else."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from importlib.resources import files
from typing import Any


def embedded(value: Any) -> str:
    """JSON that may stand in a page: no end of a script in it, and no number that JSON does not know."""
    text = json.dumps(_finite(value), separators=(",", ":"), default=str, allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value


def framed(name: str, parts: Mapping[str, str]) -> str:
    """A page's frame with its parts, which stand ready for HTML, at their marks."""
    text = page_file(name)
    for part in parts:  # the frame is cut at its marks, so nothing that is put in is ever read as a mark
        text = text.replace(f"{{{{{part}}}}}", f"\0{part}\0")
    pieces = text.split("\0")
    return "".join(parts[piece] if place % 2 else piece for place, piece in enumerate(pieces))


def page_file(name: str) -> str:
    """A file of a page as text."""
    return files("foldwise.report.pages").joinpath(name).read_text(encoding="utf-8")

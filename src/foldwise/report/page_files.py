"""Self-contained pages: a template and its parts as one HTML file, without a server or a network."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

DIGITS = 5  # significant digits; a plot shows no more


def embedded(value: Any, digits: int | None = None) -> str:
    """JSON that is safe inside a script element. NaN and infinities become null.

    Args:
        value: plain values and numpy arrays.
        digits: the significant digits of floats; None keeps all.
    """
    text = json.dumps(_plain(value, digits), separators=(",", ":"), default=str, allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def rounded(value: float, digits: int | None = DIGITS) -> float | None:
    """The value with `digits` significant digits; None if it is not finite."""
    if not math.isfinite(value):
        return None
    return value if digits is None else float(f"{value:.{digits}g}")


def _plain(value: Any, digits: int | None) -> Any:
    if isinstance(value, float):
        return rounded(value, digits)
    if hasattr(value, "tolist"):
        return _plain(value.tolist(), digits)
    if isinstance(value, Mapping):
        return {str(key): _plain(item, digits) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, digits) for item in value]
    return value


def framed(name: str, parts: Mapping[str, str]) -> str:
    """A template below the head of all pages, with its marks `{{part}}` replaced by the parts, which must be safe HTML."""
    text = page_file(name).replace("{{head}}\n", page_file("head.html"))
    for part in parts:  # the template is split at its marks first, so that a mark inside a part stays text
        text = text.replace(f"{{{{{part}}}}}", f"\0{part}\0")
    pieces = text.split("\0")
    return "".join(parts[piece] if place % 2 else piece for place, piece in enumerate(pieces))


def page_file(name: str) -> str:
    """A file of a page as text."""
    return files("foldwise.report.pages").joinpath(name).read_text(encoding="utf-8")

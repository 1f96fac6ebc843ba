"""Text from names and data as Markdown shows it: nothing in it becomes markup, a link or HTML."""

from __future__ import annotations

import re

_ANYWHERE = re.compile(r"[\\`*_{}\[\]|~$^@]|:(?=//)|(?<=www)\.", re.IGNORECASE)
_AT_THE_START = re.compile(r"^(\d{0,9})(#|=|[.)](?=\s|$)|[+-](?=\s|[+-]|$))")
_OF_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def in_markdown(text: str) -> str:
    """The text in one line, with what Markdown or HTML could read as markup escaped."""
    marked = _ANYWHERE.sub(lambda mark: f"\\{mark[0]}", one_line(text))
    plain = re.sub("[&<>]", lambda mark: _OF_HTML[mark[0]], marked)
    return _AT_THE_START.sub(r"\1\\\2", plain)


def code(text: str) -> str:
    """The text in one line as a code span, whose fence is longer than any row of backticks in it."""
    plain = one_line(text)
    fence = "`" * (_longest(plain) + 1)
    pad = " " if plain.startswith("`") or plain.endswith("`") or not plain else ""
    return f"{fence}{pad}{plain}{pad}{fence}"


def code_block(text: str) -> str:
    """Lines of code, in a fence that no line of them closes."""
    fence = "`" * max(3, _longest(text) + 1)
    return f"{fence}\n{text}\n{fence}"


def one_line(text: str) -> str:
    """The text with each row of spaces, line breaks and control characters as one space."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _longest(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)

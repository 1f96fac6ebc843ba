"""Keep passwords out of the messages about addresses and faults."""

from __future__ import annotations

import re

# scheme://user:password@; libraries differ in the characters they allow, so the password ends at the last @ of the word
_WITH_PASSWORD = re.compile(r"(?P<before>[A-Za-z][\w+.-]*:/{1,2}[^\s:/@]*):\S*@")
_WORDS = "password|passwd|pwd|token|secret|api_?key"
_KEY_AND_SECRET = re.compile(rf"(?P<key>\b(?:{_WORDS})\b\s*[=:]\s*)(?:'[^']*'|\"[^\"]*\"|[^\s&,;)]+)", re.IGNORECASE)


def without_password(text: str) -> str:
    """The text with every password in an address, or behind a word such as `password=`, replaced by ***."""
    return _KEY_AND_SECRET.sub(r"\g<key>***", _WITH_PASSWORD.sub(r"\g<before>:***@", text))


def first_line(fault: BaseException) -> str:
    """The first line of a fault's message, else its type; of SQLAlchemy's faults what the driver reports, without the SQL."""
    lines = str(getattr(fault, "orig", None) or fault).strip().splitlines()
    return without_password(lines[0]) if lines else type(fault).__name__

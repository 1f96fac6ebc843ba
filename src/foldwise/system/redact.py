"""What is said of addresses and faults never holds a password."""

from __future__ import annotations

import re

# scheme://user:password@; libraries differ in what a password may hold, so it goes up to the last @ of the word
_WITH_PASSWORD = re.compile(r"(?P<before>[A-Za-z][\w+.-]*:/{1,2}[^\s:/@]*):\S*@")
_WORDS = "password|passwd|pwd|token|secret|api_?key"
_KEY_AND_SECRET = re.compile(rf"(?P<key>\b(?:{_WORDS})\b\s*[=:]\s*)(?:'[^']*'|\"[^\"]*\"|[^\s&,;)]+)", re.IGNORECASE)


def without_password(text: str) -> str:
    """The text with every password in an address, or behind a word such as `password=`, replaced by ***."""
    return _KEY_AND_SECRET.sub(r"\g<key>***", _WITH_PASSWORD.sub(r"\g<before>:***@", text))


def first_line(fault: Exception) -> str:
    """What a fault says, on one line."""
    return without_password((str(fault).strip().splitlines() or [type(fault).__name__])[0])

"""The base class of all specifications, and the checked strings and shorthands they share."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from foldwise.system.known_words import did_you_mean


class BadKey(ValueError):
    """A rule that one key of a specification breaks, from a validator that looks at several.

    key: the name of the key, below the specification. known: the names that it could have, if it is unknown.
    """

    def __init__(self, key: str, rule: str, known: Iterable[str] = ()) -> None:
        self.key, self.rule, self.known = key, rule, tuple(known)
        super().__init__(rule + did_you_mean(key, self.known) if self.known else rule)


class Spec(BaseModel):
    """A frozen part of a configuration. It refuses unknown keys and never converts types silently."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def _by_kind(value: Any) -> Any:
    return {"kind": value} if isinstance(value, str) else value


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


ByKind = BeforeValidator(_by_kind)  # a bare word is a mapping of that kind with its defaults
Listed = BeforeValidator(_tuple)  # YAML has lists, a frozen value holds tuples
Words = Annotated[tuple[str, ...], Listed]


def _web_address(url: str) -> str:
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise ValueError("must start with http:// or https://")
    return url


WebAddress = Annotated[str, AfterValidator(_web_address)]


def matching(pattern: str, rule: str) -> AfterValidator:
    """A validator for strings that match the whole `pattern`; the error message states the `rule`."""

    def check(text: str) -> str:
        if re.fullmatch(pattern, text, re.ASCII) is None:
            raise ValueError(f"must be {rule}, got {text[:200]!r}")
        return text

    return AfterValidator(check)


Name = Annotated[
    str,
    matching(
        r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9_-])?",
        "1 to 100 of A-Z a-z 0-9 . _ -, not starting with . or -, not ending in a dot",
    ),
]

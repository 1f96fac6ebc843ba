"""Names of the classes of pixels and boxes: they head columns, and stand in figures and messages."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from foldwise.data.cells import listed
from foldwise.errors import ConfigError, DataError

NOT_IN_A_NAME = ("Cc", "Cs", "Zl", "Zp")  # Unicode's categories of line ends, control characters and halves of characters


def check_asked(names: Sequence[str]) -> None:
    """Refuse names of data.classes that are blank, not of one line, or given twice.

    Raises:
        ConfigError: at data.classes.
    """
    for name in names:
        if not _fits(name):
            raise ConfigError("data.classes", f"names a class {name[:40]!r}, which is blank or not one line; give it a name")
    if len(set(names)) < len(names):
        raise ConfigError("data.classes", f"names a class twice: {listed(list(names))}; give each its own name")


def check_found(names: Sequence[str], place: str) -> None:
    """Refuse labels that a file has and that are blank or not of one line.

    Raises:
        DataError: with the place.
    """
    for name in names:
        if not _fits(name):
            raise DataError(f"{place}: the label {name[:40]!r} is blank or not one line; correct it")


def _fits(name: str) -> bool:
    return bool(name.strip()) and not any(unicodedata.category(letter) in NOT_IN_A_NAME for letter in name)

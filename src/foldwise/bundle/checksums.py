"""The files of a bundle by their hashes: whoever changed one of them is found out, without loading any."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from foldwise.errors import JobError


def hashes(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file in a folder by its path within; links are not followed, and refused.

    Raises:
        JobError: a file cannot be read, or is a link.
    """
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            raise JobError(f"{path} is a link; a bundle holds its files itself")
        if path.is_file():
            found[path.relative_to(folder).as_posix()] = hash_of(path)
    return found


def hash_of(path: Path) -> str:
    """The SHA-256 of a file, hexadecimal."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as fault:
        raise JobError(f"{path} cannot be read: {fault.strerror}") from None


def check(folder: Path, expected: Mapping[str, str]) -> None:
    """Whether a bundle's files are those that were registered.

    Raises:
        JobError: one is missing, changed or further; says which.
    """
    found = hashes(folder)
    wrong = sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))
    if wrong:
        name = wrong[0]
        what = "is missing" if name not in found else "was not registered" if name not in expected else "was changed"
        raise JobError(f"{folder / name} {what} since the model was registered, so it is not loaded; register the model again")

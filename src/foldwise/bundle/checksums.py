"""Hashes of a bundle's files, to detect a change before anything is loaded."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from foldwise.errors import JobError
from foldwise.system.files import open_regular


def hashes(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file in a folder by relative path; links and pipes are refused.

    Raises:
        JobError: a file cannot be read, or is not a regular file.
    """
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            raise JobError(f"{path} is a link; a bundle must contain its files")
        if not path.is_dir():
            found[path.relative_to(folder).as_posix()] = hash_of(path)
    return found


def hash_of(path: Path) -> str:
    """The SHA-256 of a file, hexadecimal."""
    try:
        with open_regular(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as fault:
        raise JobError(f"{path} cannot be read: {fault.strerror}") from None


def check(folder: Path, expected: Mapping[str, str]) -> None:
    """Compare a bundle's files with those that were registered.

    Raises:
        JobError: a file is missing, changed or new; names it.
    """
    found = hashes(folder)
    wrong = sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))
    if wrong:
        name = wrong[0]
        change = "removed" if name not in found else "added" if name not in expected else "changed"
        raise JobError(f"{folder / name} was {change} after the model was registered, so it is not loaded; register it again")

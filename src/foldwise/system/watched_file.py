"""A database's file must stay the same file: what is written to one that was deleted or replaced is lost."""

from __future__ import annotations

from pathlib import Path

from foldwise.errors import Replaced


class WatchedFile:
    """The file that has this path now, known by its device and inode. A path without a file is not watched yet."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._identity = _identity(path)

    @property
    def is_watched(self) -> bool:
        """Whether there was a file when this began."""
        return self._identity is not None

    def raise_if_replaced(self) -> None:
        """Check that the path still leads to that file.

        Raises:
            Replaced: it was deleted, or another file has its place.
        """
        if self._identity is None:
            return
        now = _identity(self._path)
        if now != self._identity:
            how = "deleted" if now is None else "replaced by another file"
            rule = f"{self._path} was {how} while it was in use, so nothing more is written to it"
            raise Replaced(f"{rule}; put the file back, or leave it so, then run the same command again")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino

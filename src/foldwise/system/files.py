"""Files and folders that are either complete or absent."""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import platform
import re
import shutil
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from io import BufferedReader
from pathlib import Path
from typing import Any

from foldwise.system.disk import full_disk_named

# The names of `part_of`, of a folder that is being replaced, and of what SQLite keeps beside a file.
UNFINISHED = re.compile(
    r"\.(?P<name>.+?)(?:\.(?P<host>[0-9a-f]{8}))?\.(?P<pid>\d{1,9})\.(?P<kind>part|old)(?:-journal|-wal|-shm)?"
)
ABANDONED_SECONDS = 86_400.0  # without a change: then a process elsewhere, whose life is not seen from here, is taken for dead


def open_regular(path: Path) -> BufferedReader:
    """Open a file for reading, but no pipe and no device: these could keep a reader waiting.

    Raises:
        OSError: it cannot be opened, or is not a regular file.
    """
    number = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    mode = os.fstat(number).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(number, "rb")
    os.close(number)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    raise OSError(errno.EINVAL, "it is not a regular file", str(path))


def atomically(path: Path, write: Callable[[Path], object], synced: bool = True) -> None:
    """Let `write` fill a file beside `path`, then rename it: a reader sees the old file or the new one, never half of one.

    synced: wait until the disk has it. Without this it outlives any process, but not a loss of power in the next seconds.
    """
    with full_disk_named(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    part = part_of(path)
    try:
        with full_disk_named(path):
            write(part)
            if synced:
                with part.open("rb") as file:
                    os.fsync(file.fileno())
        part.replace(path)
        if not synced:
            return
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the name too
        finally:
            os.close(folder)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def whole_folder(folder: Path, replace: bool = False) -> Iterator[Path]:
    """Yield a new folder to fill, which is renamed to `folder` when the block ends, and removed when the block fails.

    Args:
        folder: the final place.
        replace: remove an earlier folder of that name; without it a folder with files there is an OSError.
    """
    part, old = part_of(folder), _beside(folder, "old")
    shutil.rmtree(part, ignore_errors=True)
    try:
        with full_disk_named(folder):
            part.mkdir(parents=True)
            yield part
        if replace and folder.exists():
            folder.replace(old)
        part.replace(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def part_of(path: Path) -> Path:
    """Where this process writes a file or folder before it is renamed to `path`."""
    return _beside(path, "part")


def _beside(path: Path, kind: str) -> Path:
    return path.with_name(f".{path.name}.{_here()}.{os.getpid()}.{kind}")


@cache
def _here() -> str:
    """This machine, or this container of it, in eight characters: the same number is another process elsewhere."""
    try:
        space = str(Path("/proc/self/ns/pid").readlink())
    except OSError:  # only Linux has it
        space = ""
    return hashlib.sha256(f"{platform.node()} {space}".encode()).hexdigest()[:8]


def sweep(folder: Path, *patterns: str) -> None:
    """Remove what killed processes left in a folder: the unfinished files and folders of `part_of`, and what lies beside them.

    Of processes of other machines, and of earlier versions, which did not name theirs, what is a day old is removed.

    Args:
        folder: need not exist.
        patterns: of the folders below it that are swept too.
    """
    for place in (folder, *(found for pattern in patterns for found in folder.glob(pattern))):
        for left in place.glob(".*"):
            named = UNFINISHED.fullmatch(left.name)
            if named is None:
                continue
            with suppress(OSError):  # another process sweeps too, or the folder belongs to another user
                if _lives(int(named["pid"])) if named["host"] == _here() else not _is_abandoned(left):
                    continue
                if named["kind"] == "old" and not (place / named["name"]).exists():
                    left.rename(place / named["name"])  # killed between the two renames
                elif left.is_dir() and not left.is_symlink():
                    shutil.rmtree(left)
                else:
                    left.unlink()


def _is_abandoned(path: Path) -> bool:
    """Whether nothing in a file or folder was changed within a day."""
    inside = path.rglob("*") if path.is_dir() and not path.is_symlink() else ()
    latest: float = max(found.lstat().st_mtime for found in (path, *inside))
    return time.time() - latest > ABANDONED_SECONDS


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):  # of another user; a number that no process has is not ours
        return True
    return True


def plain_value(value: Any) -> Any:
    """The `default` of json.dumps: numpy's values as Python's, any mapping as a dictionary."""
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def json_text(value: Any) -> str:
    """A value as JSON text with Python's NaN and Infinity, of which `json.loads` makes equal values, numbers to the bit.

    It takes an eighth of the time of `json.dumps` for curves.
    """
    from pydantic_core import to_json

    try:
        return to_json(value, inf_nan_mode="constants", fallback=plain_value).decode()
    except ValueError:  # half of a surrogate pair, which only Python's own writer takes
        return json.dumps(value, default=plain_value)


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file; nan and infinities become null, as JSON cannot hold them."""
    text = json.dumps(_plain(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    atomically(path, lambda part: part.write_text(text, encoding="utf-8"))


def _plain(value: Any) -> Any:
    """The value with numpy's numbers and arrays as Python's own."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

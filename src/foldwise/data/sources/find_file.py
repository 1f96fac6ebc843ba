"""Where a file of rows is."""

from __future__ import annotations

from pathlib import Path

from foldwise.errors import DataError
from foldwise.spec.places import Paths
from foldwise.system.known_words import did_you_mean


def find_file(path: str, name: str | None, paths: Paths, key: str) -> Path:
    """The file that `key` names: at its path, else in `paths.data`, else in the data set's own folder there.

    Raises:
        DataError: it is in none of these places, or is not a regular file.
    """
    try:
        return _found(path, name, paths, key)
    except (OSError, RuntimeError, ValueError) as fault:  # a long name, a user who does not exist
        reason = getattr(fault, "strerror", None) or fault
        raise DataError(f"{key}: {path[:80]!r} cannot be the path of a file ({reason}); correct it") from None


def _found(path: str, name: str | None, paths: Paths, key: str) -> Path:
    folder = Path(paths.data)
    places = [Path(path).expanduser(), folder / path, *([folder / name / path] if name else [])]
    for place in places:
        if place.is_file():
            return place
    if places[0].is_dir():
        raise DataError(f"{key}: {path} is a folder; name a file in it")
    if places[0].is_symlink() and not places[0].exists():
        raise DataError(f"{key}: {path} is a link to nothing; name a file")
    if places[0].exists():
        raise DataError(f"{key}: {path} is not a regular file; name a file")
    beside = places[0].parent
    near = did_you_mean(places[0].name, [p.name for p in beside.iterdir()]) if beside.is_dir() else ""
    if near.startswith(",") or places[0].is_absolute():
        raise DataError(f"{key}: file not found: {path}{near if near.startswith(',') else ''}")
    raise DataError(f"{key}: file not found: {path}; put it at {places[-1]}, or set paths.data to the folder of data sets")

"""The group of each picture, such as its patient or slide, found in its path by a regular expression."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.data.sources.pictures import NAMED
from foldwise.errors import DataError


def picture_groups(files: Sequence[Path], folder: Path, pattern: str | None) -> npt.NDArray[Any] | None:
    """The group of each picture, (files,), objects of str; None without a pattern.

    Args:
        files: the pictures.
        folder: their paths below it, with `/`, are searched.
        pattern: its first part in brackets is the group, or all that matches if it has none.

    Raises:
        DataError: the pattern is not found in a path, or what is found is empty.
    """
    if pattern is None:
        return None
    found = [_group(path.relative_to(folder).as_posix(), pattern) for path in files]
    without = [place for place, group in enumerate(found) if not group]
    if without:
        shown = ", ".join(f"{place + 1} ({files[place]})" for place in without[:NAMED])
        more = f" and {len(without) - NAMED} more" if len(without) > NAMED else ""
        rule = f"data.group: {pattern} finds no group in {len(without)} of {len(files)} paths: number {shown}{more}"
        raise DataError(f"{rule}; write a regular expression that finds one in every path below {folder}")
    return np.array(found, dtype=object)


def _group(path: str, pattern: str) -> str:
    match = re.search(pattern, path)
    if match is None:
        return ""
    return (match[1] if match.re.groups else match[0]) or ""

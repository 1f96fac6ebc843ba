"""Arrays of numpy archives. Nothing in them is ever unpickled."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.data.sources.image_array import check_size
from foldwise.errors import DataError, did_you_mean
from foldwise.system.redact import first_line


def read_npz(path: Path, name: str, key: str) -> npt.NDArray[Any]:
    """The array of that name.

    Args:
        path: the archive.
        name: the array's.
        key: the key of the configuration that names it.

    Raises:
        DataError: the archive or the array cannot be read, or the array holds Python objects.
    """
    shapes = read_shapes(path)
    if name not in shapes:
        near = did_you_mean(name, shapes)
        raise DataError(f"{key}: {path} has no array {name!r}{near if near.startswith(',') else f'; it has {_listed(shapes)}'}")
    try:
        with np.load(path, allow_pickle=False) as archive:
            array: npt.NDArray[Any] = archive[name]
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as fault:
        raise DataError(f"{path}: array {name!r} cannot be read: {first_line(fault)}") from None
    return array


def read_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """The shape of each array, from the headers alone.

    Raises:
        DataError: the file is no such archive, or an array holds Python objects or more than may be read.
    """
    shapes = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.namelist():
                if member.endswith(".npy"):
                    with archive.open(member) as file:
                        shapes[member.removesuffix(".npy")] = _shape(file, f"{path}: array {member.removesuffix('.npy')!r}")
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as fault:
        raise DataError(f"{path} is no numpy archive (.npz): {first_line(fault)}") from None
    if not shapes:
        raise DataError(f"{path} holds no arrays; write it by numpy.savez_compressed(path, images=x, labels=y)")
    return shapes


def _shape(file: Any, place: str) -> tuple[int, ...]:
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    if dtype.hasobject:
        raise DataError(f"{place} holds Python objects, which are not read; save numbers or text")
    check_size((prod(shape), dtype.itemsize), place)
    return tuple(shape)


def _listed(shapes: Mapping[str, tuple[int, ...]]) -> str:
    return ", ".join(f"{name} {shape}" for name, shape in shapes.items())

"""Arrays of numpy archives. Nothing in them is unpickled."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.data.sources.image_array import check_size
from foldwise.errors import DataError
from foldwise.system.known_words import did_you_mean
from foldwise.system.redact import first_line

PLAIN = "biufmMSU"  # kinds of dtypes: numbers, times and text


def read_npz(path: Path, keys: Mapping[str, str]) -> dict[str, npt.NDArray[Any]]:
    """Arrays of an archive by their names; text that was saved as bytes is decoded.

    Args:
        path: the archive, which is opened once.
        keys: the name of each array -> the configuration key that asks for it.

    Raises:
        DataError: the archive or an array cannot be read, or an array holds something else than numbers and text.
    """
    with _opened(path) as archive:
        shapes = _shapes(archive, path)
        for name, key in keys.items():
            check_name(name, shapes, key, path)
        return {name: _array(archive, name, path) for name in keys}


def read_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """The shape of each array, from the headers alone.

    Raises:
        DataError: the file is not such an archive, or an array holds Python objects or is too large.
    """
    with _opened(path) as archive:
        return _shapes(archive, path)


def check_name(name: str, shapes: Mapping[str, tuple[int, ...]], key: str, path: Path) -> None:
    """Refuse an array that the archive does not have.

    Raises:
        DataError: at `key`, with the arrays that it has.
    """
    if name not in shapes:
        near = did_you_mean(name, shapes)
        raise DataError(f"{key}: {path} has no array {name!r}{near if near.startswith(',') else f'; it has {_listed(shapes)}'}")


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(path)
    except Exception as fault:  # noqa: BLE001 - zipfile, its decoders and numpy raise anything for a damaged file
        raise _not_an_archive(path, fault) from None
    with archive:
        yield archive


def _shapes(archive: zipfile.ZipFile, path: Path) -> dict[str, tuple[int, ...]]:
    shapes = {}
    try:
        for member in archive.namelist():
            if member.endswith(".npy"):
                with archive.open(member) as file:
                    shapes[member.removesuffix(".npy")] = _shape(file, f"{path}: array {member.removesuffix('.npy')!r}")
    except DataError:
        raise
    except Exception as fault:  # noqa: BLE001 - as above
        raise _not_an_archive(path, fault) from None
    if not shapes:
        raise DataError(f"{path} holds no arrays; write it by numpy.savez_compressed(path, images=x, labels=y)")
    return shapes


def _array(archive: zipfile.ZipFile, name: str, path: Path) -> npt.NDArray[Any]:
    try:
        with archive.open(f"{name}.npy") as file:
            array: npt.NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
    except Exception as fault:  # noqa: BLE001 - as above
        raise DataError(f"{path}: array {name!r} cannot be read: {first_line(fault)}; write the archive again") from None
    if array.dtype.kind not in PLAIN:
        raise DataError(f"{path}: array {name!r} has dtype {array.dtype}; save numbers or text")
    try:
        if array.dtype.kind == "S":
            return np.char.decode(array, "utf-8")
        if array.dtype.kind == "U":
            np.char.encode(array, "utf-8")
    except UnicodeError as fault:
        raise DataError(f"{path}: array {name!r} holds text that is not UTF-8 ({fault}); write it as text") from None
    return array


def _shape(file: Any, place: str) -> tuple[int, ...]:
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    if dtype.hasobject:
        raise DataError(f"{place} holds Python objects, which are not read; save numbers or text")
    check_size((prod(shape), max(1, dtype.itemsize)), place)
    return tuple(shape)


def _listed(shapes: Mapping[str, tuple[int, ...]]) -> str:
    return ", ".join(f"{name} {shape}" for name, shape in shapes.items())


def _not_an_archive(path: Path, fault: BaseException) -> DataError:
    rule = f"{path} is not a numpy archive (.npz): {first_line(fault)}"
    return DataError(f"{rule}; write it by numpy.savez_compressed(path, images=x, labels=y)")

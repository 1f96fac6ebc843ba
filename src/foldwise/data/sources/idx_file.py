"""The files that MNIST comes in: a short header, then one array, plain or compressed by gzip.

Source: LeCun, Cortes and Burges, The MNIST database of handwritten digits, "the IDX file format".
"""

from __future__ import annotations

import gzip
import zlib
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from foldwise.data.sources.image_array import check_size
from foldwise.errors import DataError
from foldwise.system.redact import first_line

# third byte -> type of the numbers, which are big-endian
TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
GZIP = b"\x1f\x8b"


def read_idx(path: Path) -> npt.NDArray[Any]:
    """The array in a file.

    Raises:
        DataError: the file is none of this format, is cut short, or goes on after its array.
    """
    try:
        with _opened(path) as file:
            dtype, shape = _header(file, path)
            size = prod(shape) * dtype.itemsize
            content = file.read(size + 1)  # no more than the header promises, however much a compressed file may hold
    except (OSError, EOFError, zlib.error) as fault:
        raise DataError(f"{path} cannot be read: {first_line(fault)}; get the file again") from None
    if len(content) != size:
        found = f"holds {len(content)} bytes" if len(content) < size else "goes on"
        raise DataError(f"{path} {found} after its header, which says {' x '.join(map(str, shape))}; get the file again")
    array = np.frombuffer(content, dtype).reshape(shape)
    return array.astype(dtype.newbyteorder("="), copy=False)


def read_shape(path: Path) -> tuple[int, ...]:
    """The shape of the array in a file, from its header.

    Raises:
        DataError: the file is none of this format.
    """
    try:
        with _opened(path) as file:
            return _header(file, path)[1]
    except (OSError, EOFError, zlib.error) as fault:
        raise DataError(f"{path} cannot be read: {first_line(fault)}; get the file again") from None


def _opened(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        compressed = file.read(2) == GZIP
    return gzip.open(path, "rb") if compressed else path.open("rb")  # type: ignore[return-value]


def _header(file: IO[bytes], path: Path) -> tuple[np.dtype[Any], tuple[int, ...]]:
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in TYPES or not 1 <= magic[3] <= 4:
        raise DataError(
            f"{path} is no idx file: it begins with {magic.hex(' ') or 'nothing'}, not with 00 00, a type and a rank"
        )
    sides = file.read(4 * magic[3])
    if len(sides) < 4 * magic[3]:
        raise DataError(f"{path} ends in its header; get the file again")
    shape = tuple(int(side) for side in np.frombuffer(sides, ">u4"))
    dtype = np.dtype(TYPES[magic[2]])
    check_size((*shape, dtype.itemsize), str(path))
    return dtype, shape

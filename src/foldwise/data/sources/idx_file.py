"""The file format of MNIST: a short header, then one array, plain or compressed by gzip.

Source: LeCun, Cortes and Burges, The MNIST database of handwritten digits, "the IDX file format".
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import numpy.typing as npt

from foldwise.data.sources.image_array import check_size
from foldwise.errors import DataError
from foldwise.system.redact import first_line

# third byte -> number type, big-endian
TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
GZIP = b"\x1f\x8b"


def read_idx(path: Path) -> npt.NDArray[Any]:
    """The array in a file.

    Raises:
        DataError: the file has another format, is cut short, or goes on after its array.
    """
    with _opened(path) as file:
        dtype, shape = _header(file, path)
        size = prod(shape) * dtype.itemsize
        content = file.read(size + 1)  # a compressed file may hold far more than its header promises
    if len(content) != size:
        found = f"{len(content)} bytes" if len(content) < size else "more bytes"
        rule = f"{path} has {found} after its header, which promises {' x '.join(map(str, shape))}"
        raise DataError(f"{rule}; download the file again")
    array = np.frombuffer(content, dtype).reshape(shape)
    return array.astype(dtype.newbyteorder("="), copy=False)


def read_shape(path: Path) -> tuple[int, ...]:
    """The shape of the array in a file, from its header.

    Raises:
        DataError: the file has another format.
    """
    with _opened(path) as file:
        return _header(file, path)[1]


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as file:
            compressed = file.read(2) == GZIP
            file.seek(0)
            yield cast("BinaryIO", gzip.GzipFile(fileobj=file)) if compressed else file
    except (OSError, EOFError, zlib.error) as fault:
        raise DataError(f"{path} cannot be read: {first_line(fault)}; download the file again") from None


def _header(file: BinaryIO, path: Path) -> tuple[np.dtype[Any], tuple[int, ...]]:
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in TYPES or not 1 <= magic[3] <= 4:
        raise DataError(
            f"{path} is not an idx file: it begins with {magic.hex(' ') or 'nothing'}, not with 00 00, a type and a rank; "
            "name the file of images or labels"
        )
    sides = file.read(4 * magic[3])
    if len(sides) < 4 * magic[3]:
        raise DataError(f"{path} ends within its header; download the file again")
    shape = tuple(int(side) for side in np.frombuffer(sides, ">u4"))
    dtype = np.dtype(TYPES[magic[2]])
    check_size((*shape, dtype.itemsize), str(path))
    return dtype, shape

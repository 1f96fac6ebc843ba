import gzip

import numpy as np
import pytest

from foldwise.data.sources.idx_file import read_idx, read_shape
from foldwise.errors import DataError
from tests.unit.data.images import blobs, write_idx


@pytest.mark.parametrize("name", ["images", "images.gz"])
def test_an_array_comes_back_as_it_was(tmp_path, name):
    images = blobs()[..., 0]
    path = write_idx(tmp_path / name, images)
    assert np.array_equal(read_idx(path), images)
    assert read_shape(path) == images.shape


@pytest.mark.parametrize("code", [0x0B, 0x0D])
def test_big_endian_numbers_are_read(tmp_path, code):
    found = read_idx(write_idx(tmp_path / "labels", np.array([1, 258, -3]), code))
    assert found.tolist() == [1, 258, -3]
    assert found.dtype.isnative


def test_compression_is_recognised_by_the_content_not_the_name(tmp_path):
    path = write_idx(tmp_path / "images.gz", blobs()[..., 0])
    plain = path.rename(tmp_path / "images")
    assert read_idx(plain).shape == (60, 6, 5)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda c: c[:-1], "has 1799 bytes after its header, which promises 60 x 6 x 5"),
        (lambda c: c + b"\0", "has more bytes after its header"),
        (lambda c: b"P5" + c[2:], "is not an idx file: it begins with 50 35 08 03"),
        (lambda c: b"", "is not an idx file: it begins with nothing"),
        (lambda c: c[:9], "ends within its header"),
        (lambda c: b"\0\0\x08\x03" + b"\xff" * 12, "GiB, and at most 4 are read"),
        (lambda c: gzip.compress(c)[:-400], "cannot be read"),
        (lambda c: b"\x1f\x8b" + c, "cannot be read"),
    ],
)
def test_a_damaged_file_is_refused_with_a_sentence(tmp_path, change, sentence):
    path = write_idx(tmp_path / "images", blobs()[..., 0])
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(DataError, match=sentence):
        read_idx(path)


def test_only_the_bytes_that_the_header_promises_are_unpacked(tmp_path):
    path = tmp_path / "bomb.gz"
    with gzip.open(path, "wb") as file:
        file.write(b"\0\0\x08\x01\0\0\0\x04")
        for _ in range(200):
            file.write(bytes(2**20))
    with pytest.raises(DataError, match="has more bytes after its header, which promises 4"):
        read_idx(path)

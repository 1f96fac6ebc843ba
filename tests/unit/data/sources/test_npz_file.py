import io
import zipfile

import numpy as np
import pytest

from foldwise.data.sources.npz_file import read_npz, read_shapes
from foldwise.errors import DataError


class Trap:
    """A call that a pickle would run."""

    def __reduce__(self):
        return (print, ("unpickled",))


def test_arrays_are_read_by_name(tmp_path):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, images=np.arange(8).reshape(2, 2, 2), labels=np.array(["a", "b"]))
    assert read_shapes(path) == {"images": (2, 2, 2), "labels": (2,)}
    assert read_npz(path, {"labels": "data.labels"})["labels"].tolist() == ["a", "b"]


def test_a_wrong_name_is_refused_with_a_proposal(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, x_train=np.zeros(3))
    with pytest.raises(DataError, match=r"data.images: .*a.npz has no array 'x_trian', did you mean x_train\?"):
        read_npz(path, {"x_trian": "data.images"})


def test_objects_are_never_unpickled(tmp_path, capsys):
    path = tmp_path / "a.npz"
    np.savez(path, images=np.array([Trap()], dtype=object))
    with pytest.raises(DataError, match="array 'images' holds Python objects, which are not read"):
        read_npz(path, {"images": "data.images"})
    assert "unpickled" not in capsys.readouterr().out


def test_an_array_that_no_memory_holds_is_refused_by_its_header(tmp_path):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": (100_000, 100_000)})
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("images.npy", header.getvalue())
    with pytest.raises(DataError, match=r"take 9\.3 GiB, and at most 4 are read"):
        read_npz(path, {"images": "data.images"})


@pytest.mark.parametrize("content", [b"", b"PK not really", b"a,b\n1,2\n"])
def test_a_file_that_is_not_an_archive_is_refused(tmp_path, content):
    path = tmp_path / "a.npz"
    path.write_bytes(content)
    with pytest.raises(DataError, match="is not a numpy archive"):
        read_shapes(path)


def test_a_member_that_is_cut_short_is_refused(tmp_path):
    whole, path = io.BytesIO(), tmp_path / "a.npz"
    np.save(whole, np.zeros(100))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("images.npy", whole.getvalue()[:-8])
    with pytest.raises(DataError, match="array 'images' cannot be read"):
        read_npz(path, {"images": "data.images"})


def damaged(path, change):
    """An archive whose bytes were changed."""
    np.savez_compressed(path, images=np.random.default_rng(0).integers(0, 255, (20, 8, 8), dtype=np.uint8))
    content = bytearray(path.read_bytes())
    change(content)
    path.write_bytes(content)
    return path


def _streams(content):
    content[200:240] = b"\xff" * 40


def _encrypted(content):
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1


def _method(content):
    content[8] = content[content.index(b"PK\x01\x02") + 10] = 99


@pytest.mark.parametrize("change", [_streams, _encrypted, _method])
def test_a_damaged_archive_is_refused(tmp_path, change):
    with pytest.raises(DataError, match=r"write (it|the archive)"):
        read_npz(damaged(tmp_path / "a.npz", change), {"images": "data.images"})


@pytest.mark.parametrize(
    "header", ["[", "(" * 5000, "-" * 9000 + "1", "{'descr': '|S0', 'fortran_order': False, 'shape': (10000000000,)}"]
)
def test_a_hostile_header_is_refused(tmp_path, header):
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("images.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode())
    with pytest.raises(DataError, match=r"is not a numpy archive|at most 4 are read"):
        read_npz(path, {"images": "data.images"})


def test_text_in_bytes_is_text(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(
        path,
        labels=np.array(["cat", "d\u00e9"]).astype("U").view(),
        bytes=np.char.encode(np.array(["cat", "d\u00e9"]), "utf-8"),
    )
    read = read_npz(path, {"labels": "data.labels", "bytes": "data.labels"})
    assert read["labels"].tolist() == read["bytes"].tolist() == ["cat", "d\u00e9"]


@pytest.mark.parametrize(
    ("array", "sentence"),
    [
        (np.array([b"a", b"\xff"]), "holds text that is not UTF-8"),
        (np.array(["a", "\ud800"]), "holds text that is not UTF-8"),
        (np.zeros(3, dtype=[("x", "i4")]), r"has dtype \[\('x', '<i4'\)\]; save numbers or text"),
        (np.zeros(3, dtype="V4"), r"has dtype \|V4; save numbers or text"),
    ],
)
def test_arrays_of_neither_numbers_nor_text_are_refused(tmp_path, array, sentence):
    path = tmp_path / "a.npz"
    np.savez(path, labels=array)
    with pytest.raises(DataError, match=f"array 'labels' {sentence}"):
        read_npz(path, {"labels": "data.labels"})

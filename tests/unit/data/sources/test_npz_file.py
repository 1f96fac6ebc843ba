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

"""What is no file of rows is refused with its reason, and never waited for."""

import os

import pytest

from foldwise.data.sources.find_file import find_file
from foldwise.errors import DataError
from foldwise.spec.places import Paths


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("pipe.csv", r"^data\.path: .*pipe\.csv is not a regular file; name a file$"),
        ("zero.csv", r"^data\.path: .*zero\.csv is not a regular file"),
        ("gone.csv", r"^data\.path: .*gone\.csv is a link to nothing"),
        ("loop.csv", r"^data\.path: .*loop\.csv is a link to nothing"),
        ("x" * 300, r"^data\.path: '.*' cannot be the path of a file \(File name too long\); correct it$"),
        ("a/" * 3000, r"cannot be the path of a file \(File name too long\)"),
    ],
)
def test_what_is_no_file_is_named(tmp_path, path, sentence):
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "zero.csv").symlink_to("/dev/zero")
    (tmp_path / "gone.csv").symlink_to("nowhere")
    (tmp_path / "loop.csv").symlink_to("loop.csv")
    with pytest.raises(DataError, match=sentence) as caught:
        find_file(f"{tmp_path}/{path}", "rows", Paths(), "data.path")
    assert len(str(caught.value)) < 400


def test_a_user_who_does_not_exist():
    with pytest.raises(DataError, match=r"cannot be the path of a file \(Could not determine home directory"):
        find_file("~no_such_user/rows.csv", None, Paths(), "data.path")

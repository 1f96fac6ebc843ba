"""A change to a file of a bundle is detected."""

import os

import pytest

from foldwise.bundle.checksums import check, hash_of, hashes
from foldwise.errors import JobError


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "deeper").mkdir()
    (tmp_path / "network.keras").write_bytes(b"weights")
    (tmp_path / "deeper" / "more.json").write_text("{}")
    return tmp_path


def test_every_file_has_its_hash(folder):
    assert hashes(folder) == {
        "deeper/more.json": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
        "network.keras": "9a129038d9a00aed0cf6a7ea059ca50a813449061ab87848cf1a13eafdf33b2c",
    }
    check(folder, hashes(folder))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda f: (f / "network.keras").write_bytes(b"weighty"), "network.keras was changed"),
        (lambda f: (f / "network.keras").unlink(), "network.keras was removed"),
        (lambda f: (f / "other.py").write_text(""), "other.py was added after the model was registered"),
        (lambda f: (f / "etc").symlink_to("/etc/passwd"), "etc is a link"),
    ],
)
def test_a_changed_file_is_named(folder, change, sentence):
    expected = hashes(folder)
    change(folder)
    with pytest.raises(JobError, match=sentence):
        check(folder, expected)


def test_a_pipe_and_an_endless_file_are_not_read(tmp_path):
    os.mkfifo(tmp_path / "network.keras")
    (tmp_path / "zero").symlink_to("/dev/zero")
    for name in ("network.keras", "zero"):
        with pytest.raises(JobError, match=f"{name} cannot be read: it is not a regular file"):
            hash_of(tmp_path / name)
    (tmp_path / "zero").unlink()
    with pytest.raises(JobError, match=r"network.keras cannot be read: it is not a regular file"):
        hashes(tmp_path)

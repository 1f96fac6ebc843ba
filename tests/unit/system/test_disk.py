import errno
import re
import sqlite3

import pytest

from foldwise.errors import DiskFull
from foldwise.system.disk import full_disk, full_disk_named, is_full


@pytest.mark.parametrize(
    "fault",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        OSError(errno.EFBIG, "File too large"),
        sqlite3.OperationalError("database or disk is full"),
        sqlite3.OperationalError("disk I/O error"),
        RuntimeError("Unable to flush file (file write failed: errno = 28, error message = 'No space left on device')"),
    ],
)
def test_a_full_disk_is_known_by_number_or_text(fault, tmp_path):
    assert is_full(fault)
    path = tmp_path / "new" / "x.json"
    with pytest.raises(DiskFull, match=re.escape(f"{path} cannot be written")), full_disk_named(path):
        raise fault


@pytest.mark.parametrize("fault", [OSError(errno.EACCES, "Permission denied"), ValueError("28"), KeyError("File")])
def test_other_faults_stay_as_they_are(fault, tmp_path):
    assert not is_full(fault)
    with pytest.raises(type(fault)), full_disk_named(tmp_path):
        raise fault


def test_the_sentence_has_the_free_space_and_what_to_do(tmp_path):
    assert re.search(r"\([\d,]+\.\d MB free\); make space, .* run the same command", full_disk(tmp_path / "a" / "b"))


def test_the_inner_path_is_named(tmp_path):
    with pytest.raises(DiskFull, match="inner"), full_disk_named(tmp_path / "outer"), full_disk_named(tmp_path / "inner"):
        raise OSError(errno.ENOSPC, "x")

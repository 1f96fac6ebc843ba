import hashlib

import pytest

from foldwise.errors import JobError
from foldwise.system.held_files import held, held_of, hold


def test_bytes_are_held_by_their_hash():
    name = hold(b"some bytes")
    assert name == hashlib.sha256(b"some bytes").hexdigest()
    assert held(name) == b"some bytes"
    assert held_of([name]) == {name: b"some bytes"}


def test_bytes_that_are_not_held_are_an_error():
    with pytest.raises(JobError, match=f"the file with sha256 {'0' * 64} is not in this process"):
        held("0" * 64)

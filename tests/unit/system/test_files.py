import json
import math

import numpy as np
import pytest

from foldwise.system.files import atomically, whole_folder, write_json


def test_a_failed_write_leaves_the_old_file_only(tmp_path):
    path = tmp_path / "deep" / "file.txt"
    atomically(path, lambda part: part.write_text("old"))

    def fail(part):
        part.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        atomically(path, fail)
    assert path.read_text() == "old"
    assert [entry.name for entry in path.parent.iterdir()] == ["file.txt"]


def test_a_folder_appears_complete_or_not_at_all(tmp_path):
    folder = tmp_path / "deep" / "bundle"
    with whole_folder(folder) as part:
        (part / "file.txt").write_text("old")
        assert not folder.exists()
    with pytest.raises(ZeroDivisionError), whole_folder(folder, replace=True) as part:
        raise ZeroDivisionError
    with pytest.raises(OSError, match="not empty"), whole_folder(folder) as part:
        (part / "file.txt").write_text("new")
    assert (folder / "file.txt").read_text() == "old"
    with whole_folder(folder, replace=True) as part:
        (part / "file.txt").write_text("new")
    assert (folder / "file.txt").read_text() == "new"
    assert [entry.name for entry in folder.parent.iterdir()] == ["bundle"]


def test_json_holds_plain_values_only(tmp_path):
    path = tmp_path / "x.json"
    write_json(path, {"a": np.float32(1.5), "b": [math.nan, np.int64(3)], "c": np.array([1.0, math.inf]), 4: (True, None)})
    assert json.loads(path.read_text()) == {"a": 1.5, "b": [None, 3], "c": [1.0, None], "4": [True, None]}

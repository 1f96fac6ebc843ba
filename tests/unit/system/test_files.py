import json
import math
import os
import subprocess
import sys
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from foldwise.system.files import atomically, json_text, part_of, plain_value, sweep, whole_folder, write_json


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


@pytest.fixture
def dead():
    """The number of a process that has ended."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


def _left(name, pid, kind):
    """What another process of this machine leaves beside a file."""
    return part_of(Path(name)).name.removesuffix(f"{os.getpid()}.part") + f"{pid}.{kind}"


def test_what_killed_processes_left_is_swept(tmp_path, dead):
    study = tmp_path / "studies" / "iris"
    (study / "figures").mkdir(parents=True)
    left = [
        tmp_path / _left("mlflow.db", dead, "part"),
        tmp_path / _left("mlflow.db", dead, "part-journal"),
        study / _left("trials.parquet", dead, "part"),
        study / "figures" / _left("history.png", dead, "part"),
    ]
    for file in left:
        file.write_bytes(b"x")
    for name in (_left("bundle", dead, "part"), _left("bundle", dead, "old")):
        (study / name / "inner").mkdir(parents=True)
        (study / name / "inner" / "network.keras").write_bytes(b"x")
    (study / "bundle").mkdir()
    sweep(tmp_path, "studies/*", "studies/*/*")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["bundle", "figures", "iris", "studies"]


def test_what_others_have_is_not_swept(tmp_path, dead):
    alive = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    kept = [
        _left("x", alive.pid, "part"),
        _left("x", os.getpid(), "part"),
        ".part",
        f"x.{dead}.part",
        _left("x", dead, "parts"),
        ".x.12a.part",
    ]
    kept += [_left("x", 2**40, "part"), f".{dead}.part"]
    for name in kept:
        (tmp_path / name).touch()
    outside = tmp_path.with_name(f"{tmp_path.name}-outside")
    outside.mkdir()
    (outside / "mine").touch()
    (tmp_path / _left("link", dead, "part")).symlink_to(outside)
    sweep(tmp_path)
    alive.communicate(b"\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)
    assert (outside / "mine").exists()


def test_sweeping_a_folder_that_does_not_exist_is_harmless(tmp_path):
    sweep(tmp_path / "none", "studies/*")


def test_a_folder_that_was_being_replaced_is_put_back(tmp_path, dead):
    (tmp_path / _left("bundle", dead, "old")).mkdir()
    (tmp_path / _left("bundle", dead, "old") / "bundle.json").write_text("the only one")
    sweep(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]
    assert (tmp_path / "bundle" / "bundle.json").read_text() == "the only one"


def test_what_machines_elsewhere_left_is_swept_after_a_day(tmp_path, dead):
    """The same number is another process there, and earlier versions did not name the machine."""
    names = [f".a.0123abcd.{dead}.part", f".b.{dead}.part", f".c.0123abcd.{os.getpid()}.part"]
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "inner").touch()
    sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    for path in tmp_path.rglob("*"):
        os.utime(path, (0, 0))
    os.utime(tmp_path / names[0] / "inner")  # still written to
    sweep(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == names[:1]


@pytest.mark.parametrize(
    "value",
    [
        {"loss": (0.1, 1e-5, 5e-324, -0.0, 1e22), "1": [True, None, 3], "ü": "€"},
        {"units": np.int64(3), "rate": np.float64(0.1), "curve": np.array([0.5, 0.25]), "of": MappingProxyType({"a": 1})},
        {"half of a pair": "\udcff", "number": 0.1},
    ],
)
def test_fast_json_reads_back_as_what_python_writes(value):
    assert json.loads(json_text(value)) == json.loads(json.dumps(value, default=plain_value))


def test_fast_json_has_what_is_not_finite():
    assert list(map(str, json.loads(json_text([math.nan, math.inf, -math.inf])))) == ["nan", "inf", "-inf"]


def test_fast_json_refuses_what_has_no_form():
    with pytest.raises(TypeError, match="object cannot be written as JSON"):
        json_text({"a": object()})

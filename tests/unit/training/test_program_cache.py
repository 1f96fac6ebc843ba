"""Programs that later processes use again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from foldwise.system.files import part_of
from foldwise.training import program_cache
from foldwise.training.program_cache import ProgramCache, open_cache, usual_folder

TRIAL = """
import hashlib, json, sys, tempfile
from pathlib import Path
from foldwise.training.program_cache import open_cache, program_cache
folder = sys.argv[1]
if folder != "none":
    assert open_cache(Path(folder)) is None
cache = program_cache()
found = 0 if cache is None else len(list(cache.own.glob("*.pb")))
from foldwise.training.runtime import start
start(1)
from foldwise.config.read import read_study
from foldwise.study.plan import plan_study
from foldwise.training.cross_validate import cross_validate
import foldwise.training.fused.traced as traced
import foldwise.training.fused.engine as engine
engine.STEPS_THAT_PAY = int(sys.argv[2])
count, trace = [0], traced._trace
def counted(*arguments):
    count[0] += 1
    return trace(*arguments)
traced._trace = counted
with tempfile.TemporaryDirectory() as runs:
    spec = read_study({
        "data": {"kind": "sklearn", "name": "iris", "target": "target"},
        "folds": {"kind": "stratified", "count": 3},
        "model": {"kind": "mlp", "hidden": 1, "units": 8, "dropout": 0.2, "batch_norm": True},
        "fit": {"epochs": 4, "batch_size": 16, "early_stop": {"patience": 2}},
        "paths": {"runs": runs}, "tracking": {"kind": "in_memory"},
    })
    plan = plan_study(spec)
    result = cross_validate(plan.job(0, spec.space.defaults()), plan.table, plan.splits)
assert result.state == "COMPLETE", result.reason
bits = repr([(fold.score, fold.curves) for fold in result.folds])
own = 0 if cache is None else len(list(cache.own.glob("*.pb")))
print(json.dumps({"bits": hashlib.sha256(bits.encode()).hexdigest(), "traced": count[0], "found": found, "xla": own}))
"""


def trial(folder, steps):
    """A trial in a process of its own; steps: from which number on it is compiled."""
    done = subprocess.run([sys.executable, "-c", TRIAL, str(folder), str(steps)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "error" not in done.stderr.lower(), done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize(
    "steps", [pytest.param(1, id="compiled"), pytest.param(10**9, id="not compiled", marks=pytest.mark.nightly)]
)
def test_a_trial_has_the_same_bits_without_a_cache_with_an_empty_one_and_with_a_full_one(tmp_path, steps):
    without, first = trial("none", steps), trial(tmp_path / "cache", steps)
    second = trial(tmp_path / "cache", steps)
    assert without["bits"] == first["bits"] == second["bits"]
    assert first["traced"] > 0
    assert second["traced"] == 0
    assert first["found"] == 0
    assert second["found"] == second["xla"] == first["xla"]  # nothing was compiled again
    assert bool(first["xla"]) == (steps == 1)


@pytest.mark.slow
@pytest.mark.nightly
def test_damaged_programs_are_made_again(tmp_path):
    first = trial(tmp_path, 1)
    files = [path for path in tmp_path.glob("*/*/*") if path.is_file()]
    assert {path.parent.name for path in files} == {"graphs", "xla"}
    for place, path in enumerate(files):
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 0xFF
        path.write_bytes(content[:-7] if place % 2 else content)
    again = trial(tmp_path, 1)
    assert again["bits"] == first["bits"]
    assert again["traced"] == first["traced"]
    assert again["found"] == 0 < first["xla"]
    last = trial(tmp_path, 1)
    assert last["traced"] == 0
    assert last["found"] == last["xla"] == first["xla"]


@pytest.fixture
def unopened(monkeypatch):
    monkeypatch.setattr(program_cache, "_opened", [])


def test_a_folder_that_others_can_open_is_not_used(tmp_path, unopened):
    folder = tmp_path / "cache"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    assert "chmod 700" in open_cache(folder)
    assert program_cache.program_cache() is None
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    assert "is a link" in open_cache(link)
    (tmp_path / "file").touch()
    assert "cannot be used" in open_cache(tmp_path / "file")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_not_used(tmp_path, unopened):
    folder = tmp_path / "cache"
    folder.mkdir(mode=0o700)
    os.chown(folder, 12345, 12345)
    assert "belongs to another user" in open_cache(folder)


def test_a_new_folder_is_the_user_s_alone(tmp_path, unopened):
    assert open_cache(tmp_path / "a" / "cache") is None
    assert (tmp_path / "a" / "cache").stat().st_mode & 0o777 == 0o700
    assert program_cache.program_cache() is not None


def test_the_compiler_is_given_what_an_earlier_process_compiled(tmp_path, before_tensorflow, monkeypatch):
    name = "foldwise__1__2__XLA_CPU_JIT.pb"
    assert open_cache(tmp_path / "cache") is None
    cache = program_cache.program_cache()
    (cache.own / name).write_bytes(b"program")
    cache.publish()
    monkeypatch.setattr(program_cache, "_opened", [])
    monkeypatch.setenv("TF_XLA_FLAGS", "")
    assert open_cache(tmp_path / "cache") is None
    again = program_cache.program_cache()
    assert (again.own / name).read_bytes() == b"program"
    assert again.published == {name}


def test_what_is_kept_is_read_and_what_is_damaged_is_removed(tmp_path):
    cache = ProgramCache(tmp_path)
    assert cache.graph("k") is None
    cache.keep_graph("k", b"graph")
    assert cache.graph("k") == b"graph"
    assert cache.graph("other") is None
    (path,) = (tmp_path / "graphs").iterdir()
    path.write_bytes(b"graphs")
    assert cache.graph("k") is None
    assert not path.exists()


def test_the_oldest_files_go_when_all_are_too_large(tmp_path, unopened, monkeypatch):
    monkeypatch.setattr(program_cache, "MOST_BYTES", 250)
    old = tmp_path / "old-version" / "graphs"
    old.mkdir(parents=True)
    for age in range(5):
        (old / f"file{age}").write_bytes(b"x" * 100)
        os.utime(old / f"file{age}", (1000 - age, 1000 - age))
    running = part_of(tmp_path / "old-version" / "xla")
    killed = running.with_name(running.name.replace(f".{os.getpid()}.", ".999999999."))
    for folder in (running, killed):
        folder.mkdir()
        (folder / "program.pb").write_bytes(b"x" * 100)
        os.utime(folder / "program.pb", (500, 500))
    tmp_path.chmod(0o700)
    assert open_cache(tmp_path) is None
    assert sorted(path.name for path in old.iterdir()) == ["file0", "file1"]
    assert (running / "program.pb").exists()  # XLA may be reading it
    assert not killed.exists()


def test_the_usual_folder_is_the_user_s_cache_folder(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert usual_folder() == Path("/somewhere/foldwise")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", "/home/someone")
    assert usual_folder() == Path("/home/someone/.cache/foldwise")


@pytest.fixture
def before_tensorflow(unopened, monkeypatch):
    monkeypatch.setattr(sys, "modules", {name: one for name, one in sys.modules.items() if name != "tensorflow"})
    monkeypatch.setenv("TF_XLA_FLAGS", "--tf_xla_min_cluster_size=7")


def test_a_process_does_not_write_to_the_xla_folder_of_the_one_that_started_it(tmp_path, before_tensorflow, monkeypatch):
    assert open_cache(tmp_path / "cache") is None
    own = program_cache.program_cache().own
    theirs = own.with_name(own.name.replace(str(os.getpid()), "1"))
    flags = os.environ["TF_XLA_FLAGS"]
    monkeypatch.setenv("TF_XLA_FLAGS", flags.replace(str(own), str(theirs)))
    monkeypatch.setattr(program_cache, "_opened", [])
    assert open_cache(tmp_path / "cache") is None
    assert program_cache.program_cache().own == own
    assert os.environ["TF_XLA_FLAGS"] == flags
    monkeypatch.setenv("TF_XLA_FLAGS", flags.replace(str(own), str(theirs)))
    program_cache.use_programs(None, print, "tensorflow")
    assert os.environ["TF_XLA_FLAGS"] == "--tf_xla_min_cluster_size=7"


def test_a_directory_that_the_user_has_set_for_xla_stays(tmp_path, before_tensorflow, monkeypatch):
    mine = f"{program_cache.DIRECTORY}/mine --tf_xla_persistent_cache_prefix=foldwise"
    monkeypatch.setenv("TF_XLA_FLAGS", mine)
    assert open_cache(tmp_path / "cache") is None
    assert os.environ["TF_XLA_FLAGS"] == mine
    assert program_cache.program_cache().own is None


@pytest.mark.slow
@pytest.mark.nightly
def test_a_folder_with_spaces_in_its_name_holds_the_programs(tmp_path):
    folder = tmp_path / "my own" / "cache"
    first, second = trial(folder, 1), trial(folder, 1)
    assert first["xla"] == second["xla"] > 0
    assert [path.name for path in tmp_path.iterdir()] == ["my own"]

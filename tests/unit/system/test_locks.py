import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import Timeout

from foldwise.errors import ConfigError
from foldwise.ledger.study_lock import lock_study
from foldwise.schedule.lock import job_lock
from foldwise.system.locks import file_lock, write_in_lock

HOLDER = """
import sys, time
from pathlib import Path
from foldwise.system.locks import file_lock
with file_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_killed_holder_holds_nothing_and_the_file_keeps_its_text(tmp_path):
    path = tmp_path / "deep" / "lock"
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        path.write_text("holder")
        with pytest.raises(Timeout):
            file_lock(path, 0.1).acquire()
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    with file_lock(path, 0):
        assert path.read_text() == "holder"
    assert path.exists()


def test_a_lock_file_that_was_removed_is_made_anew(tmp_path):
    path = tmp_path / "lock"
    with file_lock(path, 0):
        pass
    path.unlink()
    with file_lock(path, 0):
        assert path.exists()


def hold_study(path):
    with lock_study(path):
        pass


LOCKS = {"file": lambda path: file_lock(path, 0).acquire(), "study": hold_study, "job": job_lock}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("odd", ["a file elsewhere", "no file yet", "a pipe", "a folder"])
@pytest.mark.parametrize("lock", LOCKS)
def test_a_link_or_a_pipe_in_place_of_a_lock_is_refused_and_nothing_is_written(lock, odd, tmp_path):
    path, other = tmp_path / "s" / "lock", tmp_path / "other"
    path.parent.mkdir()
    if odd == "a pipe":
        os.mkfifo(path)
    elif odd == "a folder":
        path.mkdir()
    else:
        path.symlink_to(other)
    if odd == "a file elsewhere":
        other.write_text("precious")
    with pytest.raises(ConfigError, match=f"{path} is .*, but it must be a lock file; remove it"):
        LOCKS[lock](path)
    assert other.exists() == (odd == "a file elsewhere")
    assert not other.exists() or other.read_text() == "precious"


def test_a_link_that_appears_after_the_check_is_not_followed(tmp_path):
    (tmp_path / "other").write_text("precious")
    path = tmp_path / "lock"
    lock = file_lock(path, 0)  # checks
    path.symlink_to("other")
    with pytest.raises(OSError, match="symbolic links"):
        lock.acquire()
    with pytest.raises(OSError, match="symbolic links"):
        write_in_lock(path, "mine")
    assert (tmp_path / "other").read_text() == "precious"


@pytest.mark.parametrize("other", ["studies", "studies/one"])
@pytest.mark.parametrize("make", [Path.touch, lambda path: path.symlink_to("nowhere"), os.mkfifo])
def test_a_file_where_its_folder_belongs_is_named(tmp_path, other, make):
    (tmp_path / other).parent.mkdir(exist_ok=True)
    make(tmp_path / other)
    with pytest.raises(ConfigError, match=f"{tmp_path / other} is not a folder, but .*; remove or rename it"):
        file_lock(tmp_path / "studies" / "one" / "lock", 0)

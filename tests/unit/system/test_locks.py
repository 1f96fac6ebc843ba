import signal
import subprocess
import sys

import pytest
from filelock import Timeout

from foldwise.system.locks import file_lock

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

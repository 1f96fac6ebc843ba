import os
import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.slow

MAKE = """
import sys
from pathlib import Path
from foldwise.tracking.mlflow_store import mlflow_store
print("ready", flush=True)
mlflow_store(Path(sys.argv[1])).client()
"""


@pytest.mark.long
def test_a_process_that_dies_while_it_creates_the_tables_leaves_none(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", MAKE, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    end = time.monotonic() + 60
    while not any(path.stat().st_size > 0 for path in tmp_path.glob(".mlflow.db.*.part")):
        assert time.monotonic() < end
        time.sleep(0.001)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert not (tmp_path / "mlflow.db").exists()
    again = subprocess.run([sys.executable, "-c", MAKE, str(tmp_path)], capture_output=True, text=True, check=False)
    assert (again.returncode, again.stderr) == (0, "")
    assert [path.name for path in tmp_path.iterdir()] == ["mlflow.db"]
    assert (tmp_path / "mlflow.db").exists()
    from foldwise.tracking.mlflow_store import mlflow_store

    assert [experiment.name for experiment in mlflow_store(tmp_path).client().search_experiments()] == ["Default"]


@pytest.mark.long
def test_two_processes_that_create_it_at_once_share_one(tmp_path):
    processes = [subprocess.Popen([sys.executable, "-c", MAKE, str(tmp_path)], stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [process.wait(120) for process in processes] == [0, 0]
    assert [path.name for path in tmp_path.iterdir()] == ["mlflow.db"]


FULL = """
import resource, sys
from pathlib import Path
from foldwise.tracking.mlflow_store import mlflow_store
store = mlflow_store(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (200 * 1024, resource.RLIM_INFINITY))
for _ in range(2):
    try:
        store.client()
    except Exception as fault:
        print(store.described(fault))
    print(sum(path.stat().st_size for path in store.file.parent.iterdir()))
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(store.client().search_experiments()[0].name)
"""


@pytest.mark.long
def test_tables_that_have_no_room_are_told_at_every_try_and_made_when_there_is_room(tmp_path):
    done = subprocess.run([sys.executable, "-c", FULL, str(tmp_path)], capture_output=True, text=True, check=False)
    first, left, second, left_again, name = done.stdout.splitlines()
    assert first.startswith(f"{tmp_path / 'mlflow.db'} cannot be written, because its disk is full or fails")
    assert first.partition("(")[0] == second.partition("(")[0]
    assert (left, left_again, name) == ("0", "0", "Default")
    assert done.stderr == ""

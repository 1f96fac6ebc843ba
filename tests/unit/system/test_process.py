import os
import signal
import subprocess
import time
from datetime import UTC, datetime, timedelta

from foldwise.system.process import is_running


def test_a_process_runs_until_it_is_killed_also_if_its_parent_does_not_look():
    process = subprocess.Popen(["sleep", "60"])
    since = datetime.now(UTC)
    assert is_running(process.pid, since)
    process.send_signal(signal.SIGKILL)
    end = time.monotonic() + 5
    while is_running(process.pid, since):  # it is a zombie now
        assert time.monotonic() < end
        time.sleep(0.01)
    process.wait()
    assert not is_running(process.pid, since)


def test_a_number_that_was_taken_by_a_later_process_is_another_process():
    assert is_running(os.getpid(), datetime.now(UTC))
    assert not is_running(os.getpid(), datetime.now(UTC) - timedelta(days=300))

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest

from foldwise.system.process import is_running, usable_cores


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


@pytest.mark.skipif(sys.platform != "linux", reason="other systems bind no process to cores")
def test_only_the_cores_that_a_process_may_use_count():
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert usable_cores() == 1
    finally:
        os.sched_setaffinity(0, allowed)
    assert usable_cores() == len(allowed)

import os
import re
import signal
import subprocess
import sys

import pytest

from foldwise.errors import JobError
from foldwise.ledger.study_lock import lock_study

HOLDER = """
import sys, time
from pathlib import Path
from foldwise.ledger.study_lock import lock_study
with lock_study(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_the_holder_is_named_and_a_killed_holder_holds_nothing(tmp_path):
    path = tmp_path / "studies" / "iris-1" / "lock"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, env=environment) as holder:
        assert holder.stdout.readline() == b"held\n"
        rule = rf"^study iris-1 is being run by process {holder.pid} since \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d\d:\d\d$"
        with pytest.raises(JobError) as caught, lock_study(path):
            pass
        assert re.match(rule, str(caught.value))
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    with lock_study(path):
        pass


def test_the_lock_is_released_after_the_block_even_if_it_fails(tmp_path):
    path = tmp_path / "s" / "lock"
    with pytest.raises(ZeroDivisionError), lock_study(path):
        raise ZeroDivisionError
    with lock_study(path), pytest.raises(JobError, match="study s is being run by process"), lock_study(path):
        pass
    with lock_study(path):
        pass

import os
import signal
import subprocess
import sys

import pytest

from foldwise.system.kill_points import VARIABLE

WALK = """
from foldwise.system.kill_points import reached
for place in "abab":
    reached(place)
    print(place, flush=True)
"""


@pytest.mark.parametrize(("asked", "seen"), [("a", ""), ("b", "a"), ("a:2", "ab"), ("b:2", "aba"), ("b:1:group", "a")])
def test_a_process_dies_at_the_named_place(asked, seen):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), VARIABLE: asked}
    done = subprocess.run(
        [sys.executable, "-c", WALK], env=environment, capture_output=True, check=False, start_new_session=True
    )
    assert done.returncode == -signal.SIGKILL
    assert done.stdout.decode().split() == list(seen)


@pytest.mark.parametrize("asked", ["c", "a:3", ""])
def test_at_other_places_nothing_happens(asked):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), VARIABLE: asked}
    done = subprocess.run([sys.executable, "-c", WALK], env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stdout.decode().split()) == (0, list("abab"))

"""What the fault suite starts: coordinators that may be killed, on SQLite and on a real PostgreSQL."""

import json
import os
import signal
import subprocess
import sys

import pytest

from tests.end_to_end.doors import ROOT


class Nursery:
    """Forks coordinators one after the other."""

    def __init__(self):
        self.running = None
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=environment,
        )

    def begin(self, runs, url, executor="here", trials=5, kill="", pause=0.0):
        """The coordinator's process number."""
        asked = {"runs": str(runs), "url": url, "executor": executor, "trials": trials, "kill": kill, "pause": pause}
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        self.running = json.loads(self.process.stdout.readline())["pid"]
        return self.running

    def end(self):
        """How it ended, as `subprocess` counts; waits for it."""
        status = json.loads(self.process.stdout.readline())["status"]
        self.running = None
        return status

    def settle(self):
        """Ends the coordinator of a test that failed, also one that stands still: the next test is not its test."""
        if self.running is not None:
            os.kill(self.running, signal.SIGKILL)
            self.end()

    def run(self, *arguments, **words):
        self.begin(*arguments, **words)
        return self.end()

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        self.process.stdout.close()


@pytest.fixture(autouse=True)
def _settled(request):
    yield
    if "nursery" in request.fixturenames:
        request.getfixturevalue("nursery").settle()


@pytest.fixture(scope="session")
def nursery():
    made = Nursery()
    yield made
    made.close()


@pytest.fixture(scope="session")
def other_nursery():
    """For coordinators that run while one of the first stands still."""
    made = Nursery()
    yield made
    made.close()

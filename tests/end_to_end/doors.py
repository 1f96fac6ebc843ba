"""Doors as a user starts them: processes, nearly all of them forked by `tests/door_server.py` with their imports done."""

import atexit
import json
import os
import signal
import subprocess
import sys
import tempfile
from functools import cache
from multiprocessing import Pipe
from pathlib import Path

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("FOLDWISE_DATA", ROOT.parent / "shared" / "data"))
PATIENCE = 280  # seconds

# For a study whose test looks neither at pictures nor at columns nor at baselines: these take longer than a few trials.
PLAIN = ["tracking.figures=false", "explain=none", "baselines=[]"]
# A study that is done in seconds.
SMALL = [*PLAIN, "folds.count=3", "fit.epochs=4", "model.units=[int,4,16]", "model.hidden=1"]


class Server:
    """A process that forks programs, one after the other."""

    def __init__(self):
        self.connection, its = Pipe()
        self.said = tempfile.TemporaryFile()  # noqa: SIM115 closed with the server
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.door_server", str(its.fileno())],
            cwd=ROOT,
            pass_fds=[its.fileno()],
            start_new_session=True,
            stderr=self.said,
        )
        its.close()

    def run(self, words, cwd, env):
        """As `subprocess.run`: words after `python`, with what they wrote."""
        with tempfile.TemporaryDirectory() as folder:
            out, err = Path(folder, "out"), Path(folder, "err")
            out.touch()
            err.touch()
            self.connection.send({"words": words, "cwd": str(cwd), "env": dict(env), "stdout": str(out), "stderr": str(err)})
            child = self.answer()
            if not self.connection.poll(PATIENCE):
                os.killpg(child, signal.SIGKILL)
                self.answer()
                raise subprocess.TimeoutExpired(words, PATIENCE, out.read_text(), err.read_text())
            return subprocess.CompletedProcess(words, self.answer(), out.read_text(), err.read_text())

    def answer(self):
        try:
            return self.connection.recv()
        except EOFError:
            self.said.seek(0)
            raise AssertionError(f"the door server ended: {self.said.read().decode()}") from None

    def close(self):
        self.connection.close()
        self.process.wait(30)
        self.said.close()


@cache
def server():
    started = Server()
    atexit.register(started.close)
    return started


def command(door, *words, runs):
    """What starts a door as a process from its beginning, imports and all."""
    return [sys.executable, "-m", f"pipelines.{door}", *words, f"paths.runs={runs}"]


def run(door, *words, runs, cwd=ROOT, env=None):
    return python(*command(door, *words, runs=runs)[1:], cwd=cwd, env=env)


def python(*words, cwd=ROOT, env=None):
    """A program of Python's, forked: `-m module`, `-c code` or a script."""
    return server().run([str(word) for word in words], cwd, os.environ if env is None else env)


def run_anew(door, *words, runs, cwd=ROOT, env=None):
    """A door as a process from its beginning."""
    asked = command(door, *words, runs=runs)
    return subprocess.run(asked, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=PATIENCE)


def only_study(runs):
    (folder,) = (runs / "studies").iterdir()
    return folder


def summary(runs):
    return json.loads((only_study(runs) / "summary.json").read_text())

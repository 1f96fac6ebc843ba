"""MLflow's own pages, served on this machine by a process of their own."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections import deque
from collections.abc import Iterator

from foldwise.errors import JobError
from foldwise.system.ports import address_of
from foldwise.system.redact import without_password
from foldwise.tracking.mlflow_store import MlflowStore

STOP_SECONDS = 10


class MlflowUi:
    """A running server of MLflow's. address: of its pages."""

    def __init__(self, process: subprocess.Popen[bytes], address: str) -> None:
        self.address = address
        self._process = process
        self._complaints: deque[bytes] = deque(maxlen=1)
        self._reader = threading.Thread(target=self._read, daemon=True)  # else a full pipe would halt the server
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stderr is not None
        self._complaints.extend(line for line in self._process.stderr if line.strip())

    def answers(self) -> bool:
        """Whether its pages can be opened."""
        try:
            with urllib.request.urlopen(f"{self.address}/health", timeout=2) as answer:  # noqa: S310 our own address
                return bool(answer.status == 200)
        except OSError:
            return False

    def raise_if_ended(self) -> None:
        """Raise JobError if the server has ended, with what it said last."""
        if self._process.poll() is not None:
            self._reader.join(1)
            last = self._complaints[-1].decode(errors="replace").strip() if self._complaints else "no reason given"
            raise JobError(f"MLflow's server ended with code {self._process.returncode}: {without_password(last)}")


@contextlib.contextmanager
def mlflow_ui(store: MlflowStore, host: str, kept: socket.socket) -> Iterator[MlflowUi]:
    """Serve the pages of a store for the length of a `with` block.

    Args:
        store: what is shown.
        host: where to listen.
        kept: a socket that keeps the port free for the server until it starts.
    """
    port = int(kept.getsockname()[1])
    # MLflow's background jobs serve features that foldwise does not use, and take eight processes and 2 GB.
    env = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    env["MLFLOW_BACKEND_STORE_URI"] = store.tracking_uri  # every user could read a password on the command line
    command = [sys.executable, "-m", "mlflow", "server", "--host", host, "--port", str(port), "--workers", "1"]
    if store.artifacts is not None:
        command += ["--default-artifact-root", store.artifacts.as_uri()]
    kept.close()
    process = subprocess.Popen(  # noqa: S603 a list of words, never a shell
        command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )
    try:
        yield MlflowUi(process, address_of(host, port))
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the server and its workers, which form a process group."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
            return

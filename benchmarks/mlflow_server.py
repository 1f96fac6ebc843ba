"""A real MLflow server, and a proxy in front of it that can refuse, hold back or delay answers."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

STARTS_WITHIN = 120


def free_port() -> int:
    """A port that was free a moment ago."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def mlflow_server(folder: Path, store: str | None = None) -> Iterator[str]:
    """The address of a server whose database and files are in `folder`."""
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", store or f"sqlite:///{folder / 'server.db'}", "--artifacts-destination", str(folder)]
    env = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=env, start_new_session=True)  # noqa: S603 our own words
    try:
        end = time.monotonic() + STARTS_WITHIN
        while not answers(port):
            assert process.poll() is None, (folder / "server.log").read_text()[-2000:]
            assert time.monotonic() < end, "MLflow's server does not answer"
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, 15)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)


def answers(port: int) -> bool:
    """Whether an MLflow server answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


class Gate:
    """A TCP proxy: `open` passes everything on, `shut` refuses, `hold` forwards requests and withholds the answers.

    delay: seconds before each connection's first answer.
    """

    def __init__(self, upstream: str) -> None:
        self._upstream = int(upstream.rpartition(":")[2])
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.delay = 0.0
        self.requests = 0
        self._holds = threading.Event()
        self._listener: socket.socket | None = None
        self._connections: list[socket.socket] = []

    def open(self) -> None:
        """Pass everything on."""
        self._holds.clear()
        if self._listener is None:
            self._listener = socket.create_server(("127.0.0.1", self.port), reuse_port=False)
            threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def shut(self) -> None:
        """Refuse connections, and end existing ones."""
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        while self._connections:  # kept-alive ones too
            with closing(self._connections.pop()) as connection, suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def hold(self) -> None:
        """Forward requests and withhold the answers."""
        self._holds.set()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self.requests += 1
            server = socket.create_connection(("127.0.0.1", self._upstream))
            self._connections += [client, server]
            threading.Thread(target=self._pass, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self._pass, args=(server, client, True), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, answers: bool) -> None:
        with suppress(OSError), closing(target), closing(source):
            while data := source.recv(65536):
                if answers and self._holds.is_set():
                    continue  # the request happened; the answer is withheld
                if answers and self.delay:
                    time.sleep(self.delay)
                target.sendall(data)

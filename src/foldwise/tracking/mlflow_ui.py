"""MLflow's own pages, served on this machine."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable

from foldwise.errors import ConfigError, JobError
from foldwise.system.redact import without_password
from foldwise.system.signals import STOP, handlers
from foldwise.tracking.mlflow_store import MlflowStore

STOP_SECONDS = 10


def serve(store: MlflowStore, host: str, port: int, address: str, notify: Callable[[str], None]) -> None:
    """Serve the pages of a store until Ctrl-C or SIGTERM; the server's processes end with this one.

    Raises:
        ConfigError: the host is unknown here, or the port is in use.
        JobError: the server ended early.
    """
    try:
        family, *_, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError):
        raise ConfigError("host", f"{host} is not an address or a name that this machine knows; use host=127.0.0.1") from None
    with contextlib.closing(socket.socket(family)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(place)
        except OSError as error:
            raise ConfigError("port", f"{host}:{port} cannot be used ({error.strerror}); choose another, port=5001") from None
    # MLflow's background jobs serve features that foldwise does not use, and take eight processes and 2 GB.
    env = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    env["MLFLOW_BACKEND_STORE_URI"] = store.tracking_uri  # every user could read a password on the command line
    command = [sys.executable, "-m", "mlflow", "server", "--host", host, "--port", str(port), "--workers", "1"]
    if store.artifacts is not None:
        command += ["--default-artifact-root", store.artifacts.as_uri()]
    process = None
    # a shell starts background processes with SIGINT ignored, so it is handled here too
    with handlers(dict.fromkeys(STOP, signal.default_int_handler)):
        try:
            process = subprocess.Popen(  # noqa: S603 a list of words, never a shell
                command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
            )
            notify(f"MLflow at {address} (ready in about 15 s; Ctrl-C ends it)")
            _, complaint = process.communicate()
            last = complaint.decode(errors="replace").strip().splitlines()[-1:] or ["no reason given"]
            raise JobError(f"MLflow's server ended with code {process.returncode}: {without_password(last[0])}")
        except KeyboardInterrupt:
            notify("stopped")
        finally:
            if process is not None:
                _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the server and its workers, which form a process group."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
            return

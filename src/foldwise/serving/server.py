"""The server of a model: uvicorn in a thread, on a socket that was bound before, so that its port is known and its own."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette

from foldwise.errors import JobError

SECONDS_TO_START = 30.0
SECONDS_TO_STOP = 10  # for answers under way
MOST_AT_ONCE = 512  # requests; more are told to come again


@contextmanager
def serving(app: Starlette, bound: socket.socket) -> Iterator[threading.Thread]:
    """Serve an application on a bound socket for the length of a `with` block; requests under way are answered at the end.

    Yields:
        The server's thread, which lives as long as the server does.

    Raises:
        JobError: it did not start.
    """
    config = uvicorn.Config(
        app,
        lifespan="off",
        log_level="error",
        access_log=False,
        server_header=False,
        limit_concurrency=MOST_AT_ONCE,
        timeout_graceful_shutdown=SECONDS_TO_STOP,
    )
    server = uvicorn.Server(config)  # outside the main thread it leaves signals alone
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, name="serve", daemon=True)
    thread.start()
    try:
        end = time.monotonic() + SECONDS_TO_START
        while not server.started:
            if not thread.is_alive() or time.monotonic() > end:
                raise JobError(f"the server did not start within {SECONDS_TO_START:g} s")
            time.sleep(0.02)
        yield thread
    finally:
        server.should_exit = True
        thread.join(SECONDS_TO_STOP + 2)
        bound.close()

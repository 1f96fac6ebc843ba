"""The home's server: uvicorn in a thread, on a socket that was bound before, so that its port is known and its own."""

from __future__ import annotations

import secrets
import socket
import threading
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import uvicorn

from foldwise.errors import JobError
from foldwise.home.app import Sources, make_app
from foldwise.home.guard import Guard
from foldwise.system.ports import address_of

STOP_SECONDS = 3  # for answers under way


class Home:
    """A running home. address: of its first page. token: what a request to stop a study must carry."""

    def __init__(self, address: str, token: str, thread: threading.Thread) -> None:
        self.address, self.token = address, token
        self._thread = thread

    def answers(self) -> bool:
        """Whether its pages can be opened."""
        try:
            with urllib.request.urlopen(f"{self.address}/static/theme.js", timeout=2) as answer:  # noqa: S310 our own address
                return bool(answer.status == 200)
        except OSError:
            return False

    def raise_if_ended(self) -> None:
        """Raise JobError if the server has ended."""
        if not self._thread.is_alive():
            raise JobError("the home's server ended")


@contextmanager
def home(sources: Sources, host: str, bound: socket.socket, names: Sequence[str] = ()) -> Iterator[Home]:
    """Serve the home for the length of a `with` block on a bound socket, which is closed at the end; names as for `Guard`."""
    token, port = secrets.token_urlsafe(16), int(bound.getsockname()[1])
    over = threading.Event()
    app = make_app(sources, Guard(host, token, names), over.is_set)
    config = uvicorn.Config(
        app, lifespan="off", log_level="error", access_log=False, server_header=False, timeout_graceful_shutdown=STOP_SECONDS
    )
    server = uvicorn.Server(config)  # outside the main thread it leaves signals alone
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, name="home", daemon=True)
    thread.start()
    try:
        yield Home(address_of(host, port), token, thread)
    finally:
        over.set()
        server.should_exit = True
        thread.join(STOP_SECONDS + 2)
        bound.close()

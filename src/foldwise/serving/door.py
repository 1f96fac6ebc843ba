"""The serve door: a registered model over HTTP until Ctrl-C, following its alias."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foldwise.config.read import read_service
from foldwise.doors.screen import Screen
from foldwise.doors.services import load_version, open_registry, refuse_empty_store
from foldwise.errors import Interrupted, JobError
from foldwise.spec.services import ServeSpec, is_loopback
from foldwise.system.ports import address_of, listen_from
from foldwise.system.signals import until_signal

if TYPE_CHECKING:
    from foldwise.serving.follow import Follower

THREADS = 4  # that answer rows; TensorFlow has threads of its own
SECONDS_BETWEEN_CHECKS = 0.2
MEGABYTE = 1_000_000


def serve_here(config: Mapping[str, Any]) -> None:
    """Serve the model of a reference on this terminal until Ctrl-C or SIGTERM; an alias is followed to its new version.

    Raises:
        ConfigError: the model is unknown, or the host or the port cannot be used.
        JobError: the model must not answer, or the server ended early.
    """
    asked = read_service(ServeSpec, config)
    refuse_empty_store(asked.paths.runs, asked.tracking.url)
    screen = Screen()
    listen_from(asked.host, asked.port).close()  # a wrong host is refused before anything slow; no client waits meanwhile
    registry = open_registry(asked.model, asked.paths.runs, asked.tracking.url)
    from foldwise.serving.app import Served, make_app
    from foldwise.serving.follow import Follower
    from foldwise.serving.sample import sample_request
    from foldwise.serving.server import serving

    name, _ = registry.number(asked.model)

    def load(number: int) -> Served:
        bundle = load_version(registry, name, number, asked.paths.runs, asked.ledger.url, screen.note)
        return Served(f"{name}/{number}", bundle)

    follower = Follower(lambda: registry.number(asked.model)[1], load, screen.note)
    bound = listen_from(asked.host, asked.port)
    address = address_of(asked.host, int(bound.getsockname()[1]))
    with ThreadPoolExecutor(THREADS, "answer") as threads, until_signal("stopped") as raise_if_stopped:
        app = make_app(follower.served, threads, int(asked.max_mb * MEGABYTE), asked.open and not is_loopback(asked.host))
        with serving(app, bound) as thread:
            bundle = follower.served().bundle
            file = Path(asked.paths.runs).resolve() / "studies" / bundle.card.study / "request.json"
            if not is_loopback(asked.host):
                screen.note(f"warning: anyone who reaches {address} can ask the model; it has no password")
            screen.note(f"ready: {follower.served().name}, {asked.model}, at {address}; Ctrl-C ends it")
            screen.note(sample_request(bundle, address, file))
            with suppress(Interrupted):
                _follow(follower, thread.is_alive, raise_if_stopped)
    screen.note("stopped")


def _follow(follower: Follower, is_alive: Callable[[], bool], raise_if_stopped: Callable[[], None]) -> None:
    from foldwise.serving.follow import SECONDS_BETWEEN_LOOKS

    last = time.monotonic()
    while True:
        raise_if_stopped()
        if not is_alive():
            raise JobError("the server ended")
        if time.monotonic() - last >= SECONDS_BETWEEN_LOOKS:
            last = time.monotonic()
            follower.look()
        time.sleep(SECONDS_BETWEEN_CHECKS)

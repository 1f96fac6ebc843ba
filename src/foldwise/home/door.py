"""The ui door: the home and MLflow's pages side by side, until Ctrl-C."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from foldwise.config.read import read_service
from foldwise.doors.assemble import ledger_at
from foldwise.doors.conf import conf_at
from foldwise.doors.screen import Screen
from foldwise.doors.services import refuse_empty_store
from foldwise.spec.places import Paths
from foldwise.spec.services import UiSpec, is_loopback
from foldwise.system.command import place_words
from foldwise.system.ports import address_of, listen_from
from foldwise.system.redact import without_password
from foldwise.system.signals import STOP, handlers

if TYPE_CHECKING:
    from foldwise.ledger.ledger import Ledger

LATEST = 5  # studies whose compare pages are named
STARTS_WITHIN = 180.0  # seconds; MLflow's server migrates its database first
SECONDS_BETWEEN_CHECKS = 0.2


class Server(Protocol):
    """What the door waits for."""

    @property
    def address(self) -> str: ...  # noqa: D102 the names say it
    def answers(self) -> bool: ...  # noqa: D102
    def raise_if_ended(self) -> None: ...  # noqa: D102


def serve_ui(config: Mapping[str, Any]) -> None:
    """Serve the home and MLflow's pages on the ledger and the store of the configuration until Ctrl-C or SIGTERM.

    Raises:
        ConfigError: nothing was tracked there, or the host or a port cannot be used.
        JobError: a server ended early.
    """
    asked = read_service(UiSpec, config)
    runs, url = asked.paths.runs, asked.tracking.url
    served = url is not None and url.startswith(("http://", "https://"))
    has_ledger = asked.ledger.url is not None or (Path(runs) / "ledger.db").exists()
    if not has_ledger:  # a study that never reached MLflow has a ledger only
        refuse_empty_store(runs, url)
    screen = Screen()
    # a shell starts background processes with SIGINT ignored, so it is handled here too
    with handlers(dict.fromkeys(STOP, signal.default_int_handler)), ExitStack() as closes:
        try:
            _serve(asked, screen, served, has_ledger, closes)
        except KeyboardInterrupt:
            screen.note("stopped")


def _serve(asked: UiSpec, screen: Screen, served: bool, has_ledger: bool, closes: ExitStack) -> None:
    runs, url = asked.paths.runs, asked.tracking.url
    base: str | None = without_password(str(url)).rstrip("/") if served else None
    kept: socket.socket | None = None
    if asked.mlflow and not served:
        kept = closes.enter_context(closing(listen_from(asked.host, asked.port)))
        base = address_of(asked.host, int(kept.getsockname()[1]))
    servers: list[tuple[str, Server]] = []
    if has_ledger:
        ledger = closes.enter_context(closing(ledger_at(asked.ledger.url, runs, screen.note)))
        if asked.home:  # at once, as MLflow takes a while
            servers.append(("home", _home(asked, ledger, base, closes)))
            screen.note(f"home at {servers[0][1].address}" + (", MLflow's pages come in about 15 s" if kept else ""))
        from foldwise.doors.shipping import ship_others

        ship_others(ledger, asked.tracking, runs, screen.note)
        for line in _compare_pages(ledger, runs, base):
            screen.note(line)
    if kept is not None:
        from foldwise.tracking.mlflow_store import mlflow_store
        from foldwise.tracking.mlflow_ui import mlflow_ui

        servers.append(("MLflow", closes.enter_context(mlflow_ui(mlflow_store(Path(runs), url), asked.host, kept))))
    if served:
        screen.note(f"MLflow's server is at {base}")
    if not servers:
        return
    if not is_loopback(asked.host):
        places = " and ".join(server.address for _, server in servers)
        screen.note(f"warning: anyone who reaches {places} can read every run, and change and delete it in MLflow; no password")
    _wait(servers, screen.note)


def _home(asked: UiSpec, ledger: Ledger, base: str | None, closes: ExitStack) -> Server:
    from foldwise.home.app import Sources
    from foldwise.home.links import MlflowPages
    from foldwise.home.server import home
    from foldwise.ledger.viewer import Viewer
    from foldwise.tracking.mlflow_rows import VIEW

    runs = Path(asked.paths.runs).resolve()
    viewer = closes.enter_context(closing(Viewer(asked.ledger.url or f"sqlite:///{runs / 'ledger.db'}")))
    bound = listen_from(asked.host, asked.home_port, "home_port")
    jobs = Path(asked.jobs).resolve() if asked.jobs else conf_at(asked.paths.conf).jobs()
    places = place_words(None if runs == Path(Paths().runs).resolve() else str(runs), asked.ledger.url, asked.tracking.url)
    sources = Sources(viewer, runs, jobs, MlflowPages(base, VIEW), ledger.live.request_stop, places)
    return closes.enter_context(home(sources, asked.host, bound, asked.names))


def _wait(servers: list[tuple[str, Server]], notify: Callable[[str], None]) -> None:
    """Say when all servers answer, then stay until one ends or a signal comes."""
    end, ready = time.monotonic() + STARTS_WITHIN, False
    while True:
        for _, server in servers:
            server.raise_if_ended()
        if not ready and (all(server.answers() for _, server in servers) or time.monotonic() > end):
            ready = True
            notify(f"ready: {', '.join(f'{name} at {server.address}' for name, server in servers)}; Ctrl-C ends it")
            for server in (server for name, server in servers if name == "home"):
                notify(f"to stop studies from their pages open {server.address}/#stop={getattr(server, 'token', '')}")
        time.sleep(SECONDS_BETWEEN_CHECKS)


def _compare_pages(ledger: Ledger, folder: str, base: str | None) -> list[str]:
    """The addresses of the latest studies' compare pages, in MLflow and as files."""
    from foldwise.home.links import MlflowPages
    from foldwise.tracking.mlflow_rows import VIEW

    lines = []
    for name in ledger.names()[:LATEST]:
        record = ledger.study(name)
        path = Path(folder).resolve() / "studies" / name / "compare.html"
        if record is not None and path.exists():
            lines.append(f"study {name}: {path.as_uri()}")
            if places := MlflowPages(base, VIEW).of_study(record):
                lines.append(f"  compare in MLflow: {places['compare']}")
                lines.append(f"  trials in MLflow:  {places['trials']}")
    return lines

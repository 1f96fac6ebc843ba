"""One process at a time moves a model's alias: what the ledger says and what the registry shows change together."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, text

from foldwise.errors import JobError
from foldwise.tracking.study_lead import lock_key

WAIT_SECONDS = 120.0  # a registry's answer may take half a minute
PAUSE_SECONDS = 0.05


@contextmanager
def hold_model(engine: Engine, model: str, wait_seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Holds a model's lock for the length of a `with` block: a file beside a ledger of SQLite, else PostgreSQL's own.

    Either is let go of when the process ends, however it ends.

    Raises:
        JobError: another process holds it all that time.
    """
    hold = _file_lock if engine.dialect.name == "sqlite" else _server_lock
    with hold(engine, model, time.monotonic() + wait_seconds):
        yield


@contextmanager
def _file_lock(engine: Engine, model: str, end: float) -> Iterator[None]:
    folder = Path(str(engine.url.database)).parent / "models"
    folder.mkdir(exist_ok=True)
    with (folder / f"{model}.lock").open("a") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                _wait(model, end)
        yield


@contextmanager
def _server_lock(engine: Engine, model: str, end: float) -> Iterator[None]:
    key = {"key": lock_key("model", model)}
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        try:
            while not connection.execute(text("SELECT pg_try_advisory_lock(:key)"), key).scalar_one():
                _wait(model, end)
            yield
        finally:
            connection.invalidate()  # its session ends, and with it the lock; back in the pool it would keep it


def _wait(model: str, end: float) -> None:
    if time.monotonic() > end:
        name = model.partition("#")[0]
        raise JobError(f"another process holds the model {name} and does not let go of it; try again later")
    time.sleep(PAUSE_SECONDS)

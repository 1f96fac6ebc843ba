"""One process at a time moves a model's alias: what the ledger says and what the registry shows change together."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from foldwise.errors import JobError
from foldwise.ledger.transactions import Transactions

WAIT_SECONDS = 120.0  # a registry's answer may take half a minute
PAUSE_SECONDS = 0.05


@contextmanager
def hold_model(transactions: Transactions, model: str, wait_seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Holds a model's lock for the length of a `with` block: a file beside a ledger of SQLite, else PostgreSQL's own.

    Either is let go of when the process ends, however it ends.

    Raises:
        JobError: another process holds it all that time.
    """
    end = time.monotonic() + wait_seconds
    if transactions.engine.dialect.name != "sqlite":
        _wait_for(lambda: transactions.hold(f"model {model}"), model, end)
        try:
            yield
        finally:
            transactions.release(f"model {model}")
        return
    folder = Path(str(transactions.engine.url.database)).parent / "models"
    folder.mkdir(exist_ok=True)
    with (folder / f"{model}.lock").open("a") as file:

        def taken() -> bool:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        _wait_for(taken, model, end)
        yield


def _wait_for(taken: Callable[[], bool], model: str, end: float) -> None:
    while not taken():
        if time.monotonic() > end:
            name = model.partition("#")[0].removesuffix("+retraining")
            raise JobError(f"another process holds the model {name} and does not let go of it; try again later")
        time.sleep(PAUSE_SECONDS)

"""One process at a time moves a model's alias: what the ledger says and what the registry shows change together."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import Timeout

from foldwise.errors import JobError
from foldwise.ledger.transactions import Transactions
from foldwise.system.locks import file_lock

WAIT_SECONDS = 120.0  # a registry's answer may take half a minute
PAUSE_SECONDS = 0.05


@contextmanager
def hold_model(transactions: Transactions, model: str, wait_seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Holds a model's lock for the length of a `with` block: a file beside a ledger of SQLite, else PostgreSQL's own.

    Either is let go of when the process ends, however it ends.

    Raises:
        JobError: another process holds it all that time.
    """
    name = model.partition("#")[0].removesuffix("+retraining")
    taken = JobError(f"model {name} is locked by another process; try again later")
    if transactions.folder is not None:
        try:
            lock = file_lock(transactions.folder / "models" / f"{model}.lock", wait_seconds).acquire()
        except Timeout:
            raise taken from None
        with lock:
            yield
        return
    end = time.monotonic() + wait_seconds
    while not transactions.hold(f"model {model}"):
        if time.monotonic() > end:
            raise taken
        time.sleep(PAUSE_SECONDS)
    try:
        yield
    finally:
        transactions.release(f"model {model}")

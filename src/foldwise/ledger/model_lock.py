"""The lock of a model: one process at a time changes its champion in the ledger and its alias in the registry."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import Timeout

from foldwise.errors import JobError
from foldwise.ledger.transactions import Transactions
from foldwise.system.locks import file_lock

WAIT_SECONDS = 120.0  # a registry may take half a minute to answer
PAUSE_SECONDS = 0.05


@contextmanager
def hold_model(transactions: Transactions, model: str, wait_seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold a model's lock for the length of a `with` block: a file beside an SQLite ledger, else PostgreSQL's own.

    Both are released when the process ends, in any way.

    Raises:
        JobError: another process holds the lock for all of `wait_seconds`.
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

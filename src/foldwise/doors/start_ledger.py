"""The ledger of one start of a door."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from foldwise.doors.assemble import ledger_at

if TYPE_CHECKING:
    from foldwise.ledger.ledger import Ledger


class StartLedger:
    """Opens the ledger when it is first needed, once, and closes it at the end of the start."""

    def __init__(self, url: str | None, runs: str, notify: Callable[[str], None]) -> None:
        self._url, self._runs, self._notify = url, runs, notify
        self._opened: Ledger | None = None
        self._raise_if_stopped: Callable[[], None] = lambda: None

    @property
    def is_file(self) -> bool:
        """Whether it is the file in the folder of runs and exists, so that opening it makes nothing."""
        return self._url is None and (Path(self._runs) / "ledger.db").exists()

    @property
    def is_elsewhere(self) -> bool:
        """Whether it has an address of its own."""
        return self._url is not None

    def open(self, raise_if_stopped: Callable[[], None] | None = None) -> Ledger:
        """The ledger; from now on it stops waiting for its database if `raise_if_stopped` raises."""
        self._raise_if_stopped = raise_if_stopped or self._raise_if_stopped
        if self._opened is None:
            self._opened = ledger_at(self._url, self._runs, self._notify, self._raise_if_asked_to_stop)
        return self._opened

    def _raise_if_asked_to_stop(self) -> None:
        self._raise_if_stopped()

    def close(self) -> None:
        """Close the ledger if it was opened."""
        if self._opened is not None:
            self._opened.close()

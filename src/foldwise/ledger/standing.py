"""How a study stands, from its live row: it runs, it ended, or its process died without a word."""

from __future__ import annotations

import platform
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from foldwise.ledger.live import RUNNING, LiveRow
from foldwise.ledger.overview import StudyLine
from foldwise.ledger.viewer import StudyHead
from foldwise.system.process import is_running

# Rows come every second. A ledger that is busy, or a program that compiles, may keep one back for some seconds.
SILENT_SECONDS = 8.0
GONE_SECONDS = 2.5  # a process of this machine that is gone has written its last row


@dataclass(frozen=True)
class Standing:
    """state: `running`, `silent`, `died`, `finished`, `stopped` or `failed`. why: what the page says about it.

    silent: a process that is there and writes nothing, for it hangs, is halted, or waits for the ledger.
    """

    state: str
    why: str = ""


class Watch:
    """Tells how studies stand. It measures by its own clock since when a row has not changed, as hosts' clocks differ."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        # study -> when its row was written, since when by our clock, and whether we saw it change
        self._seen: dict[str, tuple[datetime, float, bool]] = {}
        self._host = platform.node()

    def standing(self, head: StudyHead | StudyLine, row: LiveRow | None) -> Standing:
        """How a study stands now."""
        if row is None:
            return Standing("finished") if head.finished is not None else Standing("stopped", "an older foldwise ran it")
        if row.state != RUNNING:
            return Standing(row.state)
        silent = self._silent(row)
        is_here = row.host == self._host
        gone = is_here and not is_running(row.pid, row.since)
        if gone and silent > GONE_SECONDS:
            return Standing("died", f"process {row.pid} is gone; the same command continues the study")
        if silent <= SILENT_SECONDS:
            return Standing("running")
        if is_here:
            return Standing("silent", f"process {row.pid} is there and has written nothing for {silent:.0f} s")
        where = f"process {row.pid} on {row.host}"
        return Standing("died", f"{where} has written nothing for {silent:.0f} s: it died, or its ledger is out of reach")

    def _silent(self, row: LiveRow) -> float:
        now = time.monotonic()
        with self._guard:
            written, since, changed = self._seen.get(row.study, (None, now, False))
            if written != row.written:
                changed = written is not None
                since = now
                self._seen[row.study] = (row.written, since, changed)
        by_clock = max(0.0, (datetime.now(UTC) - row.written).total_seconds())
        return now - since if changed else by_clock

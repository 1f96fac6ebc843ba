"""What a tracker has missed while it was away is shown there by the next start on the same store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from foldwise.assemble import make_tracking
from foldwise.errors import JobError
from foldwise.specs import TrackingSpec
from foldwise.tracking.ledger import Ledger
from foldwise.tracking.study_lock import lock_study
from foldwise.tracking.tracker import shown_files

# An answer may take half a minute; what is not through by then waits for the next start.
WAIT_SECONDS = 300


def ship_study(name: str, ledger: Ledger, tracking: TrackingSpec, runs: str, say: Callable[[str], None]) -> None:
    """Ships what waits of a study that this process coordinates and that does not run."""
    record = ledger.study(name)
    if record is None or tracking.kind == "in_memory" or name not in ledger.waiting():
        return
    tracker, _ = make_tracking(tracking, runs, ledger)
    tracker.open(record, ledger.trials(name))
    for sentence in tracker.close(record.summary, shown_files(Path(runs) / "studies" / name), WAIT_SECONDS):
        say(sentence)


def ship_others(ledger: Ledger, tracking: TrackingSpec, runs: str, say: Callable[[str], None]) -> None:
    """Ships what waits of every study of this ledger that nobody runs."""
    if tracking.kind == "in_memory":
        return
    for name in ledger.waiting():
        try:
            with lock_study(Path(runs).resolve() / "studies" / name / "lock"):
                ledger.lead(name)
                say(f"study {name} was not all shown; MLflow is given the rest")
                ship_study(name, ledger, tracking, runs, say)
        except JobError:  # it runs, so its own process ships it
            continue

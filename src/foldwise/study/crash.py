"""A trial whose process dies is run once more, because the cause may be elsewhere; the second time it fails."""

from __future__ import annotations

import faulthandler
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from foldwise.ledger.ledger import Ledger
from foldwise.spec.space import Params
from foldwise.trial.result import TrialResult

# A trial whose process died this often is taken to be the cause.
MOST_CRASHES = 2


def crashed(ledger: Ledger, study: str, number: int, params: Params, death: str) -> TrialResult | None:
    """Record that the process of a running trial died; the trial's failure if that has happened too often, else None."""
    crashes = ledger.note_crash(study, number)
    if crashes < MOST_CRASHES:
        return None
    return TrialResult(number, params, "FAILED", reason=f"crash: {death}, {crashes} times")


@contextmanager
def crash_noted(path: Path) -> Iterator[None]:
    """Within this context, a crash in native code leaves its cause in a file; being killed leaves nothing."""
    before = faulthandler.is_enabled()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        faulthandler.enable(file, all_threads=False)
        try:
            yield
        finally:
            faulthandler.disable()
            if before and sys.__stderr__ is not None:
                faulthandler.enable(sys.__stderr__)  # a notebook's replacement for stderr is not a file
    path.unlink(missing_ok=True)


def attribute_crash(path: Path, ledger: Ledger, study: str, notify: Callable[[str], None]) -> None:
    """Count a crash that an earlier start noted against the trials that it left running."""
    noted = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    if not noted:
        return
    death = f"its process ended by {noted.splitlines()[0].removeprefix('Fatal Python error: ')}"
    path.unlink()
    for row in ledger.trials(study):
        if row.result is None and not row.dropped:
            ledger.begin_trial(study, row.number, row.params)  # only the process that began a trial may finish it
            result = crashed(ledger, study, row.number, row.params, death)
            notify(f"trial {row.number}: {death}" + ("; it is run again" if result is None else " once more, so it failed"))
            if result is not None:
                ledger.finish_trial(study, result)

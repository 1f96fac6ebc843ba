"""All studies of a ledger as rows of a table, newest first."""

from __future__ import annotations

import fcntl
import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from foldwise.ledger.rows import StudyRecord, goal_of
from foldwise.system.numbers import score

if TYPE_CHECKING:
    from foldwise.ledger.ledger import Ledger

COLUMNS = ("study", "state", "trials", "best", "corrected", "holdout", "verdict", "seconds", "when")
WORDS = ("study", "state", "verdict", "when")
NONE = "-"
SAID = {"no difference shown": "no diff"}  # of a verdict, in a narrow column


def study_list(ledger: Ledger, folder: Path) -> list[list[str]]:
    """A row for each study, newest first.

    Args:
        ledger: with the studies.
        folder: with a folder of files for each of them.
    """
    records = [record for name in ledger.names() if (record := ledger.study(name)) is not None]
    return [_row(ledger, record, folder / record.name / "lock") for record in records]


def _row(ledger: Ledger, record: StudyRecord, lock: Path) -> list[str]:
    summary = record.summary
    when = _day(record.finished or record.created)
    if summary is None:
        scores = ledger.complete_scores(record.name)
        best = goal_of(record, ()).rank(scores, lambda mean: mean)[0] if scores else None
        state = "running" if is_held(lock) else "not finished"
        return [record.name, state, str(ledger.count_finished(record.name)), score(best), NONE, NONE, NONE, NONE, when]
    held, found = summary.held(summary.goal.metric), summary.certificate
    corrected = score(None if found is None else found.score)
    trials = str(summary.trials.complete + summary.trials.stopped + summary.trials.failed)
    verdict = SAID.get(summary.answer or "", summary.answer or NONE)
    state = "running" if is_held(lock) else "finished"
    seconds = f"{summary.seconds.get('total', 0.0):.0f}"
    return [record.name, state, trials, score(summary.best.mean), corrected, score(held), verdict, seconds, when]


def _day(moment: datetime) -> str:
    """The day of a moment here, short: the year is named in place of the day if it is another one."""
    here = moment.astimezone()
    return here.strftime("%d %b" if here.year == datetime.now().astimezone().year else "%b %Y")


def is_held(lock: Path) -> bool:
    """Whether a process of this machine runs the study of a lock file. It is looked at for a moment, and not kept."""
    try:
        file = os.open(lock, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:  # there is none, or it is something else
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(file)
    return False

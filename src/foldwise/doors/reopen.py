"""A finished study that is asked for once more: its summary stands in the ledger, so nothing slow is imported to show it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from foldwise.config.difference import difference
from foldwise.config.read import identity
from foldwise.data.sources.fingerprint import source_mark
from foldwise.doors.assemble import make_ledger
from foldwise.spec.study import StudySpec
from foldwise.trial.summary import StudySummary


def finished_before(spec: StudySpec, notify: Callable[[str], None]) -> tuple[StudySummary, int] | None:
    """The summary of a study that asks the very same of the same rows and has all its trials, and how many these are.

    None where there is more to do or to look at than that: then the data are read, and whatever is wrong is said.

    Args:
        spec: the study.
        notify: hears what a person should know of the database.

    Raises:
        DataError: a file of rows is not there.
    """
    fixed = spec.fixed
    if fixed.extend or fixed.audit.strict:
        return None
    if fixed.ledger.url is not None or not (Path(fixed.paths.runs) / "ledger.db").exists():
        return None  # nothing is made, on a server either, before the data were looked at
    with closing(make_ledger(spec, notify)) as ledger:
        record, trials = ledger.study(spec.name), ledger.count_finished(spec.name)
        waits = fixed.tracking.kind == "mlflow" and spec.name in ledger.waiting()
    if record is None or record.summary is None or record.asked != fixed.budget.trials or waits:
        return None
    if record.summary.source is None or record.summary.source != source_mark(fixed):
        return None
    if difference(identity(record.recipe), identity(spec.recipe)):
        return None
    return (record.summary, trials) if nothing_left(record.summary, trials, fixed.budget.trials) else None


def nothing_left(summary: StudySummary, trials: int, asked: int) -> bool:
    """Whether a study that came to its summary has all the trials that it can have."""
    return trials >= asked or summary.ended == "exhausted"

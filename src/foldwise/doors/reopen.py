"""A finished study that is started again: its summary is in the ledger, so nothing slow is imported to show it."""

from __future__ import annotations

from foldwise.config.difference import difference
from foldwise.config.read import identity
from foldwise.data.sources.fingerprint import source_mark
from foldwise.doors.start_ledger import StartLedger
from foldwise.spec.study import Budget, StudySpec
from foldwise.trial.summary import StudySummary


def finished_before(spec: StudySpec, opens: StartLedger) -> tuple[StudySummary, int] | None:
    """The summary of a study with the same configuration and rows that has all its trials, and the number of these.

    None if there is more to do or to check; reading the data then finds any error.

    Raises:
        DataError: a file of rows does not exist.
    """
    fixed = spec.fixed
    if fixed.extend or fixed.audit.strict or not opens.is_file:
        return None  # nothing is made, on a server either, before the data were read
    ledger = opens.open()
    record, trials = ledger.study(spec.name), ledger.count_finished(spec.name)
    waits = fixed.tracking.kind == "mlflow" and spec.name in ledger.waiting()
    if record is None or record.summary is None or record.asked != fixed.budget.trials or waits:
        return None
    if difference(identity(record.recipe), identity(spec.recipe)):
        return None
    if not nothing_left(record.summary, trials, fixed.budget):
        return None
    source = record.summary.source  # compared last, because it hashes the files
    return None if source is None or source != source_mark(fixed) else (record.summary, trials)


def nothing_left(summary: StudySummary, trials: int, budget: Budget) -> bool:
    """Whether a study with a summary has all the trials that it can have."""
    return trials >= budget.trials or summary.ended == "exhausted" or (budget.converged and summary.ended == "converged")

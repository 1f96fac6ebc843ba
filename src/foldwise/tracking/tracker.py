"""What a tracker is: an outlet of the ledger, where people look at a study. It never holds training up."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from foldwise.ledger.rows import StudyRecord, TrialRow
from foldwise.trial.summary import RunPlace, StudySummary

FILES = ("summary.json", "trials.parquet", "curves.parquet", "holdout.parquet", "compare.html", "figures")


def shown_files(folder: Path) -> list[Path]:
    """What is shown of a finished study beside its numbers, as far as it is there: its files by their fixed names."""
    return [folder / name for name in FILES if (folder / name).exists()]


class Tracker(Protocol):
    """Shows a study and its trials. A fault of the outlet stops nothing: it becomes a note, and the ledger keeps the rest."""

    def open(self, record: StudyRecord, rows: Sequence[TrialRow]) -> None:
        """Shows a study, or goes on with one: finished trials that were not shipped by an earlier start are shipped now.

        Args:
            record: the study as it stands in the ledger.
            rows: its trials so far.
        """
        ...

    def trial(self, row: TrialRow) -> None:
        """Shows a finished trial, as `Ledger.finish_trial` gave it back; returns at once."""
        ...

    def place(self, wait_seconds: float = 60.0) -> RunPlace | None:
        """Where the study is shown; waits for that, and is None where the outlet does not answer."""
        ...

    def close(self, summary: StudySummary | None, files: Sequence[Path] = (), wait_seconds: float = 60.0) -> tuple[str, ...]:
        """Waits for what is still on its way and ends the study's run; None for the summary says that it was interrupted.

        What has arrived is marked in the ledger, the summary that the study was finished with included.

        Returns:
            Sentences for the user, empty where all went well.
        """
        ...

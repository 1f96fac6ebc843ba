"""The protocol of a tracker: it shows a study to people, and never delays training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from foldwise.ledger.rows import StudyRecord, TrialRow
from foldwise.trial.summary import RunPlace, StudySummary

FILES = ("summary.json", "trials.parquet", "curves.parquet", "holdout.parquet", "compare.html", "network.txt", "figures")
EXPLAINED = ("importance.csv", "levels.csv", "worst_rows.csv", "more_rows.csv")
CARDS = ("bundle/model_card.md", "bundle/model_card.html")


def shown_files(folder: Path) -> list[Path]:
    """The existing files of a finished study that a tracker shows."""
    return [folder / name for name in (*FILES, *EXPLAINED, *CARDS) if (folder / name).exists()]


class Tracker(Protocol):
    """Shows a study and its trials. A fault never stops the study: it becomes a note, and the ledger keeps the rest."""

    def open(self, record: StudyRecord, rows: Sequence[TrialRow]) -> None:
        """Show a new or continued study, with the finished trials that earlier starts did not ship.

        Args:
            record: the study in the ledger.
            rows: its trials so far.
        """
        ...

    def trial(self, row: TrialRow) -> None:
        """Show a finished trial, the row from `Ledger.finish_trial`; returns at once."""
        ...

    def place(self, wait_seconds: float = 60.0) -> RunPlace | None:
        """The study's place in the tracker, after at most `wait_seconds`; None if the tracker does not answer."""
        ...

    def close(self, summary: StudySummary | None, files: Sequence[Path] = (), wait_seconds: float = 60.0) -> tuple[str, ...]:
        """Ship the rest and end the study's run; without a summary the study was interrupted.

        The ledger records what the tracker has, the summary included.

        Returns:
            Sentences for the user, empty if all went well.
        """
        ...

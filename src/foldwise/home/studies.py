"""What the home shows of studies: a line for each, and all of one."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from foldwise.home.files import files_of
from foldwise.home.links import MlflowPages
from foldwise.home.trials import FIXED, Trials
from foldwise.ledger.live import LiveRow
from foldwise.ledger.rows import StudyRecord, goal_of
from foldwise.ledger.standing import Standing, Watch
from foldwise.ledger.trial_counts import Counts
from foldwise.ledger.viewer import StudyHead, Viewer
from foldwise.system.command import door_command, shell_word

MOST_KEPT = 8  # studies whose trials stay in memory


class Studies:
    """The studies of a ledger. Each method may be called by many threads. places: the words by which a command finds them."""

    def __init__(self, viewer: Viewer, runs: Path, mlflow: MlflowPages, places: Sequence[str] = ()) -> None:
        self._viewer, self._runs, self._mlflow, self._places = viewer, runs, mlflow, places
        self._watch = Watch()
        self._guard = threading.Lock()
        self._records: dict[str, tuple[StudyHead, StudyRecord]] = {}
        self._trials: dict[str, Trials] = {}

    def lines(self) -> list[dict[str, Any]]:
        """A line for each study, newest first."""
        counts, rows = self._viewer.counts(), self._viewer.live()
        found = []
        for head in self._viewer.heads():
            record = self._record(head)
            if record is not None:
                found.append(self._line(head, record, counts.get(head.name, Counts()), rows.get(head.name)))
        return found

    def change(self, study: str, version: int) -> dict[str, Any] | None:
        """All of a study, with the trials that changed after a version; None if the study is unknown."""
        head = self._viewer.head(study)
        record = None if head is None else self._record(head)
        if head is None or record is None:
            return None
        trials = self._trials_of(record, head)
        trials.refresh(head)
        change, row = trials.since(version), self._viewer.live(study).get(study)
        standing = self._watch.standing(head, row)
        goal = trials.goal or goal_of(record, ())
        return {
            "study": {
                **_about(head, record, standing),
                "metric": goal.metric,
                "less_is_better": goal.sign < 0,
                "columns": [*FIXED, *trials.columns],
                "files": files_of(self._runs, study),
                "mlflow": self._mlflow.of_study(record),
                "command": " ".join((door_command("tune"), shell_word("study", study), *self._places)),
            },
            "live": None if row is None else _live(row, standing),
            "version": change.version,
            "whole": change.whole,
            "running": change.running,
            "rows": change.rows,
        }

    def _line(self, head: StudyHead, record: StudyRecord, counts: Counts, row: LiveRow | None) -> dict[str, Any]:
        standing, goal = self._watch.standing(head, row), goal_of(record, ())
        states = counts.states
        return {
            **_about(head, record, standing),
            "metric": goal.metric,
            "best": counts.best(goal),
            "trials": sum(count for state, count in states.items() if state != "RUNNING"),
            "failed": states.get("FAILED", 0),
            "stage": None if row is None else row.stage,
            "seconds_left": None if row is None or standing.state != "running" else row.seconds_left,
            "files": [path for path in files_of(self._runs, head.name) if path.endswith(".html")],
            "mlflow": self._mlflow.of_study(record),
        }

    def _record(self, head: StudyHead) -> StudyRecord | None:
        """A study's record, read again after each of its starts and ends."""
        with self._guard:
            known = self._records.get(head.name)
        if known is not None and known[0] == head and (head.finished is None or known[1].summary is not None):
            return known[1]
        record = self._viewer.record(head.name)
        if record is not None:
            with self._guard:
                self._records[head.name] = (head, record)
        return record

    def _trials_of(self, record: StudyRecord, head: StudyHead) -> Trials:
        with self._guard:
            known = self._trials.pop(head.name, None)
            if known is None or (known.record.created, known.record.recipe) != (record.created, record.recipe):
                known = Trials(self._viewer, record)
            self._trials[head.name] = known  # the last one is the one that was asked for last
            while len(self._trials) > MOST_KEPT:
                del self._trials[next(iter(self._trials))]
            return known


def _about(head: StudyHead, record: StudyRecord, standing: Standing) -> dict[str, Any]:
    """What the line and the page of a study have in common; numbers that are not known are None."""
    summary, provenance = record.summary, record.provenance
    certificate = None if summary is None else summary.certificate
    return {
        "name": head.name,
        "state": standing.state,
        "why": standing.why,
        "created": head.created.isoformat(),
        "finished": None if head.finished is None else head.finished.isoformat(),
        "asked": head.asked,
        "data": None if provenance is None else provenance.data,
        "by": None if provenance is None else provenance.user,
        "corrected": None if certificate is None else [certificate.score, certificate.low, certificate.high],
        "holdout": None if summary is None else summary.held(summary.goal.metric),
        "verdict": None if summary is None else summary.verdict,
        "answer": None if summary is None else summary.answer,
        "seconds": None if summary is None else summary.seconds.get("total"),
        "model": None if summary is None or summary.model.version is None else [summary.model.name, summary.model.version],
        "best_trial": None if summary is None else summary.best.number,
    }


def _live(row: LiveRow, standing: Standing) -> dict[str, Any]:
    runs = standing.state in ("running", "silent")
    return {
        "stage": row.stage,
        "trial": row.trial if runs else None,
        "curves": row.curves if runs else None,
        "load": row.load if runs else None,
        "cores": row.cores if runs else None,
        "memory": row.memory if runs else None,
        "free": row.free if runs else None,
        "seconds_left": row.seconds_left if runs else None,
        "log": list(row.log),
        "pid": row.pid,
        "host": row.host,
        "since": row.since.isoformat(),
        "written": row.written.isoformat(),
        "stop_requested": row.stop_requested is not None and runs,
        "can_stop": runs,
    }

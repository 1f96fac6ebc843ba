"""The trials of a study for its page: kept between requests, so that only new ones are read from the ledger and sent."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from foldwise.config.option_names import Readable
from foldwise.config.read import parted
from foldwise.ledger.rows import RUNNING, StudyRecord, goal_of
from foldwise.ledger.viewer import StudyHead, TrialView, Viewer
from foldwise.report.page_files import rounded
from foldwise.spec.goal import Goal

# The first cells of a trial; its parameters follow in the order of `Trials.columns`.
FIXED = ("number", "state", "mean", "sd", "seconds", "reason", "reused", "engine")


@dataclass(frozen=True)
class Change:
    """The trials that changed since a version: cells as in FIXED, then parameters. whole: all trials, not only changed ones."""

    version: int
    whole: bool
    rows: Sequence[Sequence[Any]]
    running: Sequence[int]


class Trials:
    """The trials of one study. `refresh` may be called by many threads; `since` then tells each what is new to it."""

    def __init__(self, viewer: Viewer, record: StudyRecord) -> None:
        self.record = record
        self.columns: list[str] = []
        self.goal: Goal | None = None if record.provenance is None else record.provenance.goal
        self._viewer = viewer
        self._guard = threading.Lock()
        self._readable = Readable(parted(record.recipe)[1])
        self._rows: dict[int, list[Any]] = {}
        self._versions: dict[int, int] = {}
        self._version = self._whole_from = 0
        self._running: list[int] = []
        self._epoch: int | None = None
        self._last: datetime | None = None

    def refresh(self, head: StudyHead) -> None:
        """Read what ended since the last call; all trials after another start of the study, which may have dropped some."""
        with self._guard:
            if head.epoch != self._epoch:
                self._rows, self._versions, self._last = {}, {}, None
                self._epoch, self._whole_from = head.epoch, self._version + 1
            found = self._viewer.trials(head.name, self._last)
            self._running = [trial.number for trial in found if trial.state == RUNNING]
            changed = [(trial.number, self._cells(trial)) for trial in found if trial.state != RUNNING]
            changed = [(number, cells) for number, cells in changed if self._rows.get(number) != cells]
            if changed or self._whole_from > self._version:
                self._version += 1
            for number, cells in changed:
                self._rows[number], self._versions[number] = cells, self._version
            self._last = max((trial.ended for trial in found if trial.ended is not None), default=self._last)
            if self.goal is None:
                self.goal = goal_of(self.record, ())

    def since(self, version: int) -> Change:
        """What changed after a version; 0 is before everything."""
        with self._guard:
            whole = version < self._whole_from
            known = 0 if whole else version
            rows = [self._rows[number] for number, own in self._versions.items() if own > known]
            return Change(self._version, whole, rows, list(self._running))

    def _cells(self, trial: TrialView) -> list[Any]:
        own = dict(trial.params)
        params: dict[str, Any] = dict(self._readable.column(name, own) for name in own)
        self.columns += [name for name in params if name not in self.columns]
        return [
            trial.number,
            trial.state,
            *(rounded(value) if value is not None else None for value in (trial.mean, trial.sd)),
            None if trial.seconds is None else round(trial.seconds, 2),
            trial.reason,
            trial.reused,
            trial.engine,
            *(_cell(params, name) for name in self.columns),
        ]


def _cell(params: Mapping[str, Any], name: str) -> Any:
    """A value, where null means that the trial does not have the parameter."""
    value = params.get(name)
    if name in params and (value is None or isinstance(value, bool)):
        return {None: "null", True: "true", False: "false"}[value]
    return rounded(value) if isinstance(value, float) else value

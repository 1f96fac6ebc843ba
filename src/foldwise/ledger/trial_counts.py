"""Trials counted by the database: by study and state, with the extremes of their means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, func, select

from foldwise.ledger.tables import trials
from foldwise.spec.goal import Goal


@dataclass(frozen=True)
class Counts:
    """The trials of a study by state, and the extremes of the means of its complete ones; None without any."""

    states: Mapping[str, int] = field(default_factory=dict)
    least: float | None = None
    most: float | None = None

    def best(self, goal: Goal) -> float | None:
        """The best mean, None without a complete trial."""
        return self.least if goal.sign < 0 else self.most


def trial_counts(connection: Connection) -> dict[str, Counts]:
    """Study -> its counts; trials of an extended study that no longer count are left out, and so are studies without trials."""
    query = select(trials.c.study, trials.c.state, func.count(), func.min(trials.c.mean), func.max(trials.c.mean))
    query = query.where(trials.c.dropped.is_(False)).group_by(trials.c.study, trials.c.state)
    states: dict[str, dict[str, int]] = {}
    extremes: dict[str, tuple[float | None, float | None]] = {}
    for study, state, count, least, most in connection.execute(query):
        states.setdefault(study, {})[state] = count
        if state == "COMPLETE":
            extremes[study] = least, most
    return {study: Counts(own, *extremes.get(study, (None, None))) for study, own in states.items()}

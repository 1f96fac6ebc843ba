"""What earlier studies of the same shape took, from the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from foldwise.ledger.ledger import Ledger
from foldwise.ledger.rows import StudyRecord
from foldwise.study.plan import Plan

LATEST = 20  # studies that are looked at
ALIKE = 1.25  # rows may differ by this factor


@dataclass(frozen=True)
class Earlier:
    """The latest finished study of the same shape.

    pace: seconds of its search for each trial. after: seconds from the end of its search to its summary,
    without fresh runs.
    """

    name: str
    pace: float
    after: float

    def seconds(self, trials: int) -> float:
        """From the start of a search of this many trials to the end."""
        return self.pace * trials + self.after


def earlier_like(plan: Plan, ledger: Ledger) -> Earlier | None:
    """The latest finished study with as many rows, columns and folds and the same kind of network; None without one."""
    for name in ledger.names()[:LATEST]:
        record = None if name == plan.spec.name else ledger.study(name)
        if record is not None and _is_alike(plan, record):
            found = _taken(record)
            if found is not None:
                return found
    return None


def _taken(record: StudyRecord) -> Earlier | None:
    summary = record.summary
    if summary is None or not {"total", "data", "search"} <= summary.seconds.keys():
        return None
    seconds, trials = summary.seconds, summary.trials
    ended = trials.complete + trials.stopped + trials.failed
    if summary.ended != "trials" or ended < 2:
        return None
    before = seconds["data"] + seconds["search"] + seconds.get("fresh", 0.0)
    return Earlier(record.name, seconds["search"] / ended, max(0.0, seconds["total"] - before))


def _is_alike(plan: Plan, record: StudyRecord) -> bool:
    made, table = record.provenance, plan.table
    if made is None or made.rows is None or made.task != table.task:
        return False
    size = 0 if made.columns is None else len(made.columns)
    mine = 0 if table.schema.image else len(table.schema.columns)
    rows = len(plan.development) + len(plan.holdout)
    near = max(made.rows, rows) <= ALIKE * min(made.rows, rows)
    return near and size == mine and made.image == table.schema.image and _parts(record.recipe) == _parts(plan.spec.recipe)


def _parts(recipe: Mapping[str, Any]) -> list[Any]:
    """What decides how long a trial takes, but for its parameters."""
    model, fit = (recipe.get(part) or {} for part in ("model", "fit"))
    kind = model.get("kind") if isinstance(model, Mapping) else None
    epochs = fit.get("epochs") if isinstance(fit, Mapping) else None
    return [kind, epochs, recipe.get("folds"), recipe.get("race")]

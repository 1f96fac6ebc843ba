"""What the answers of the chosen trial rest on, looked at after the verdict: columns, levels, rows, and their number.

Everything is measured on rows that the answering network did not train on. A part that fails is reported and skipped.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from foldwise.errors import DiskFull, Interrupted
from foldwise.evaluation.level_scores import level_scores
from foldwise.report.figures.columns import draw_importance
from foldwise.report.figures.dependence import draw_dependence
from foldwise.report.figures.level_scores import draw_levels
from foldwise.report.figures.more_rows import draw_more_rows
from foldwise.report.figures.style import save
from foldwise.report.worst_rows_file import NAME as WORST
from foldwise.seeds import Purpose, derive
from foldwise.study.explained import Explaining, TimeIsOver
from foldwise.study.explained_columns import dependences, importance_of
from foldwise.study.more_rows import more_rows
from foldwise.study.plan import Plan
from foldwise.study.search import Parts
from foldwise.study.worst_rows import worst_rows
from foldwise.system.disk import full_disk_named
from foldwise.system.files import atomically
from foldwise.system.numbers import duration
from foldwise.system.redact import first_line
from foldwise.trial.importance import Importance
from foldwise.trial.result import TrialResult

IMPORTANCE, LEVELS, MORE = "importance.csv", "levels.csv", "more_rows.csv"
FIGURES = ("columns.png", "dependence.png", "levels.png", "more_rows.png")
USUAL_SECONDS, USUAL_SHARE = 60.0, 0.1  # of `explain.kind=auto`: a minute, or this share of what all trials took
RESERVED = 4.0  # seconds of a limited job that are left for the registry and the tracker


def explain(plan: Plan, trial: TrialResult, results: Sequence[TrialResult], parts: Parts) -> Importance | None:
    """Look at the trial that was refitted; write tables and figures into the study's folder.

    Args:
        plan: the study.
        trial: a complete trial.
        results: all finished trials, whose time bounds the time of `auto`.
        parts: what the study is run with.

    Returns:
        What the summary says of columns.

    Raises:
        DiskFull: there is no room for them.
        Interrupted: the user asked to stop.
    """
    for name in (IMPORTANCE, LEVELS, WORST, MORE, *(f"figures/{figure}" for figure in FIGURES)):
        (plan.folder / name).unlink(missing_ok=True)  # of an earlier end
    asked = plan.spec.fixed.explain
    if asked.kind == "none" or plan.same_rows or plan.table.classes:  # the figures show the worst pictures of these
        return None
    searched = math.fsum(one.seconds for one in results if one.reused is None)
    usual = math.inf if asked.kind == "full" else max(USUAL_SECONDS, USUAL_SHARE * searched)
    seconds = min(usual, parts.deadline.left - RESERVED)
    looking = Explaining(plan, trial, time.monotonic() + seconds, parts.raise_if_asked_to_end)
    return _explained(looking, parts.watcher.note)


def _explained(looking: Explaining, notify: Callable[[str], None]) -> Importance | None:
    plan, asked = looking.plan, looking.plan.spec.fixed.explain
    importance: Importance | None = None

    def rows() -> None:
        if asked.worst and looking.kept is not None:
            _write(plan.folder / WORST, worst_rows(plan, looking.kept, asked.worst))

    def levels() -> None:
        if looking.kept is None:
            return
        seed = derive(Purpose.IMPORTANCE, plan.spec.fixed.seed, 0)
        found = level_scores(plan.table, looking.kept, plan.goal, seed, looking.between)
        if not found:
            return
        _write(plan.folder / LEVELS, pd.DataFrame([asdict(one) for one in found]))
        if _draws(plan):
            save(draw_levels(found, plan.goal, looking.whole), plan.folder / "figures" / "levels.png")

    def columns() -> None:
        nonlocal importance
        if not looking.has_columns:
            return
        if not looking.is_quick:
            takes = f"to train trial {looking.trial.number} again takes about {duration(looking.trial.seconds)}"
            notify(f"importance of columns: left out, as {takes}; explain.kind=full measures it")
            return
        importance = importance_of(looking)
        if importance is None:
            return
        _write(plan.folder / IMPORTANCE, pd.DataFrame(importance_rows(importance)))
        notify(importance.sentence)
        if _draws(plan):
            save(draw_importance(importance), plan.folder / "figures" / "columns.png")
            figure = draw_dependence(dependences(looking, importance), plan.table.target_name, plan.table.labels)
            if figure is not None:
                save(figure, plan.folder / "figures" / "dependence.png")

    def more() -> None:
        if not asked.more_rows:
            return
        found = more_rows(looking)
        notify(found.sentence)
        _write(plan.folder / MORE, pd.DataFrame(found.rows))
        if _draws(plan):
            save(draw_more_rows(found), plan.folder / "figures" / "more_rows.png")

    each = {"worst rows": rows, "scores by level": levels, "importance of columns": columns, "scores of fewer rows": more}
    for name, look in each.items():
        try:
            with full_disk_named(plan.folder):
                looking.between()
                look()
        except (DiskFull, Interrupted):  # what comes after has no room either, or was not wanted
            raise
        except TimeIsOver:
            notify(f"{name}: left out, as the time of explain.kind=auto or of budget.seconds is over")
            break
        except Exception as fault:  # noqa: BLE001 - a study must not fail for what is said of it
            notify(f"{name}: could not be found: {first_line(fault)}")
    return importance


def _draws(plan: Plan) -> bool:
    tracking = plan.spec.fixed.tracking
    return tracking.kind != "in_memory" and tracking.figures


def importance_rows(found: Importance) -> list[dict[str, object]]:
    """A row for each column, with what is known of its group."""
    rows: list[dict[str, object]] = []
    for one in found.columns:
        group = None if one.group is None else found.groups[one.group]
        rows.append(
            {
                "column": one.name,
                "importance": one.importance,
                "low": one.low,
                "high": one.high,
                "group": "" if group is None else " + ".join(group.columns),
                "group_importance": None if group is None else group.importance,
                "group_low": None if group is None else group.low,
                "group_high": None if group is None else group.high,
            }
        )
    return rows


def _write(path: Path, frame: pd.DataFrame) -> None:
    atomically(path, lambda part: frame.to_csv(part, index=False))

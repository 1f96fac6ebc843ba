"""The rows of today, as a retraining sees them: with the columns that the champion knows, and what has become of these."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from foldwise.bundle.card import Card
from foldwise.data.drift import Drift, check_drift, check_missing, drifts
from foldwise.data.new_rows import ChampionContext, judging
from foldwise.doors.look import look_at_data
from foldwise.doors.screen import Screen
from foldwise.errors import ConfigError, DataError
from foldwise.ledger.rows import StudyRecord
from foldwise.retraining.challenger import challenger_study
from foldwise.retraining.spec import RetrainSpec
from foldwise.study.plan import Plan


def look(record: StudyRecord, asked: RetrainSpec, context: ChampionContext, screen: Screen) -> Plan:
    """The rows of today, with the columns that the champion knows and no others.

    Raises:
        DataError: they cannot be learnt from as they were.
    """
    columns = record.provenance and record.provenance.columns
    try:
        plan = look_at_data(challenger_study(record, asked), screen, context)
        further = tuple(name for name in plan.table.schema.names if columns and name not in columns)
        if further:
            screen.note(f"columns that the champion does not know are left out: {', '.join(further)}; tune to learn from them")
            plan = look_at_data(challenger_study(record, asked, further), screen, context)
    except ConfigError as fault:  # the recipe was right for the rows that it was made for
        raise DataError(f"the rows do not fit the champion's recipe: {fault}") from None
    return plan


def check_rows(
    plan: Plan, asked: RetrainSpec, card: Card, notify: Callable[[str], None]
) -> tuple[tuple[Drift, ...], dict[str, int]]:
    """How far the new rows have moved, and how many rows there are of which kind, before anything is trained.

    Args:
        plan: planned since the champion.
        asked: how far they may.
        card: the champion's. Its profile stands for rows that the source has no more.
        notify: hears what a person should know.

    Raises:
        DataError: they have other labels, more gaps than is allowed, or moved too far, or no row is left to judge by.
    """
    context, data, table = plan.context, plan.spec.fixed.data, plan.table
    assert context is not None
    if table.labels != card.labels:
        raise DataError(f"{_changed(card.labels, table.labels)}; tune a model for these labels")
    judges = int(judging(table, plan.development, plan.holdout, context, data).sum())
    if not judges:
        rule = "no row is left to judge by: both models would know each of them, or one of its group"
        raise DataError(f"{rule}; wait for more rows, or tune with a larger data.holdout.share")
    develop = np.concatenate([plan.development, plan.new_rows])
    is_new = np.ones(len(develop), dtype=np.bool_)
    if context.trained is None:
        notify("which rows the champion was trained on was not kept, so all are held against its profile")
    else:  # by themselves: rows of groups that it knows are new rows all the same
        is_new = ~np.isin(context.keys(table, data)[develop, 0], context.trained)
        if is_new.all():
            notify("none of the rows that the champion was trained on is found any more, so all are held against its profile")
    found = drifts(table, develop[~is_new], develop[is_new], card.profile)
    check_missing(found, asked.checks.missing)
    check_drift(found, asked.checks.drift)
    counts = {
        "total": len(table),
        "development": len(plan.development),
        "holdout": len(plan.holdout.rows) - len(plan.new_rows),
        "new": int(is_new.sum()),
        "newest": len(plan.new_rows),
        "judging": judges,
    }
    return found, counts


def _changed(before: tuple[str, ...], now: tuple[str, ...]) -> str:
    new, gone = [x for x in now if x not in before], [x for x in before if x not in now]
    if new:
        return f"the target has the label {new[0]!r}, which the champion never learnt"
    return (
        f"the target has no row of label {gone[0]!r} any more"
        if gone
        else "the labels are in another order than the champion's"
    )

"""The current rows of a retraining, with the champion's columns, and how they have changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from foldwise.bundle.card import Card
from foldwise.data.drift import Drift, check_constant, check_drift, check_missing, drifts
from foldwise.data.new_rows import ChampionContext, check_features, judging
from foldwise.data.table import Table
from foldwise.doors.look import check_data, look_at_data
from foldwise.doors.screen import Screen
from foldwise.errors import ConfigError, DataError
from foldwise.ledger.rows import StudyRecord
from foldwise.retraining.challenger import challenger_study
from foldwise.retraining.spec import RetrainSpec
from foldwise.spec.study import StudySpec
from foldwise.study.plan import Plan, read_rows


def current_rows(record: StudyRecord, asked: RetrainSpec, screen: Screen) -> tuple[StudySpec, Table]:
    """The challenger's study and its rows, with the champion's columns only.

    Raises:
        DataError: the rows no longer fit the champion's recipe.
    """
    columns = record.provenance and record.provenance.columns
    spec = challenger_study(record, asked)
    with _as_data_errors():
        check_data(spec)
        table = read_rows(spec)
        further = tuple(name for name in table.schema.names if columns and name not in columns)
        if further:
            screen.note(f"columns that the champion does not have are left out: {', '.join(further)}; tune to learn from them")
            spec = challenger_study(record, asked, further)
            table = read_rows(spec)
        if table.images is None:
            check_features(table, tuple(columns or ()))
    return spec, table


def look(spec: StudySpec, table: Table, context: ChampionContext, screen: Screen) -> Plan:
    """The plan of the challenger's study for these rows.

    Raises:
        DataError: the rows no longer fit the champion's recipe.
    """
    with _as_data_errors():
        return look_at_data(spec, screen, context, table)


@contextmanager
def _as_data_errors() -> Iterator[None]:
    """The recipe was valid for the champion's rows, so what it refuses now is a fault of the new ones."""
    try:
        yield
    except ConfigError as fault:
        raise DataError(f"the rows do not fit the champion's recipe: {fault}") from None


def check_rows(
    plan: Plan, asked: RetrainSpec, card: Card, notify: Callable[[str], None], unseen: int | None = None
) -> tuple[tuple[Drift, ...], dict[str, int]]:
    """The drift of the new rows and the numbers of rows by role, before anything is trained.

    Args:
        plan: with a `ChampionContext`.
        asked: has the limits.
        card: the champion's. Its profile replaces rows that are gone from the source.
        notify: shows notes to the user.
        unseen: how many rows no look has seen yet, where evidence decides; it needs no rows that are held back.

    Raises:
        DataError: other labels, too many missing cells, too much drift, or no row left to judge by.
    """
    context, data, table = plan.context, plan.spec.fixed.data, plan.table
    assert context is not None
    check_features(table, card.schema.names)  # the provenance lists the first columns only
    if table.class_names != card.labels:
        raise DataError(f"{_changed(card.labels, table.class_names)}; tune a model for these labels")
    judges = int(judging(table, plan.development, plan.holdout, context, data).sum()) if unseen is None else unseen
    if not judges and unseen is None:
        if _without_holdout(context):
            rule = "the champion was made without a holdout, so only new rows can judge, and too few are new"
            raise DataError(
                f"{rule} ({asked.newest:g} of them are held back, by newest); wait for more, or tune with a holdout"
            )
        rule = "no row is left to judge by: each row, or one of its group, was in the training of a model"
        raise DataError(f"{rule}; wait for more rows, or tune with a larger data.holdout.share")
    if _without_holdout(context) and unseen is None:
        notify(
            f"the champion was made without a holdout: both models answer the {judges} newest rows, which neither trained on"
        )
    develop = np.concatenate([plan.development, plan.new_rows])
    is_new = np.ones(len(develop), dtype=np.bool_)
    if context.trained is None:
        notify("the champion's training rows were not recorded, so all rows are compared with its profile")
    else:  # by row, not by group: new rows of known groups are new too
        is_new = ~np.isin(context.keys(table, data)[develop, 0], context.trained)
        if is_new.all():
            notify("none of the champion's training rows is in the source any more, so all rows are compared with its profile")
    found = drifts(table, develop[~is_new], develop[is_new], card.profile)
    check_missing(found, asked.checks.missing)
    if asked.checks.constant:
        check_constant(table, develop[~is_new], develop[is_new])
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


def _without_holdout(context: ChampionContext) -> bool:
    """Whether no rows were set aside for the champion."""
    return context.holdout.get("kind") == "none"


def _changed(before: tuple[str, ...], now: tuple[str, ...]) -> str:
    new, gone = [x for x in now if x not in before], [x for x in before if x not in now]
    if new:
        return f"the target has the label {new[0]!r}, which the champion does not know"
    return (
        f"the target has no row with the label {gone[0]!r} any more"
        if gone
        else "the labels are in another order than the champion's"
    )

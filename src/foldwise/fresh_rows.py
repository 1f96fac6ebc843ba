"""The rows of today, as a retraining sees them: with the columns that the champion knows, and what has become of these."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from foldwise.challenger import challenger_study
from foldwise.data.drift import Drift, check_drift, check_missing, drifts
from foldwise.data.newest import Since, identities
from foldwise.data.profile import ColumnProfile
from foldwise.doors import look_at_data
from foldwise.errors import ConfigError, DataError
from foldwise.plan import Plan
from foldwise.retrain_spec import RetrainSpec
from foldwise.screen import Screen
from foldwise.tracking.ledger_rows import StudyRecord


def look(record: StudyRecord, asked: RetrainSpec, since: Since, screen: Screen) -> Plan:
    """The rows of today, with the columns that the champion knows and no others.

    Raises:
        DataError: they cannot be learnt from as they were.
    """
    columns = (record.origin or {}).get("columns")
    try:
        plan = look_at_data(challenger_study(record, asked), screen, since)
        further = tuple(name for name in plan.table.schema.names if columns and name not in columns)
        if further:
            screen.note(f"columns that the champion does not know are left out: {', '.join(further)}; tune to learn from them")
            plan = look_at_data(challenger_study(record, asked, further), screen, since)
    except ConfigError as fault:  # the recipe was right for the rows that it was made for
        raise DataError(f"the rows do not fit the champion's recipe: {fault}") from None
    return plan


def check_rows(plan: Plan, asked: RetrainSpec, known: Sequence[ColumnProfile]) -> tuple[tuple[Drift, ...], dict[str, int]]:
    """How far the new rows have moved, and how many rows there are of which kind.

    known: how the rows looked that the champion was trained on, where the source has none of them any more.

    Raises:
        DataError: they have other labels, more gaps than is allowed, or moved too far.
    """
    assert plan.since is not None
    develop = np.concatenate([plan.development, plan.newest])
    is_new = plan.since.not_trained(identities(plan.table, plan.spec.fixed.data)[develop])
    found = drifts(plan.table, develop[~is_new], develop[is_new], known)
    check_missing(found, asked.checks.missing)
    check_drift(found, asked.checks.drift)
    counts = {
        "total": len(plan.table),
        "development": len(plan.development),
        "holdout": len(plan.holdout.rows) - len(plan.newest),
        "new": int(is_new.sum()),
        "newest": len(plan.newest),
    }
    return found, counts

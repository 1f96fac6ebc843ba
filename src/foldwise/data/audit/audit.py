"""The audit: all checks in one list."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from foldwise.data.audit.columns import constant, few_of_a_class, imbalance, left_out, many_levels
from foldwise.data.audit.copies import exact_copies, holdout_copies, near_copies
from foldwise.data.audit.encoding import encodes_target
from foldwise.data.audit.finding import Finding, merged
from foldwise.data.audit.gaps import missing_cells
from foldwise.data.audit.groups import split_groups, unnamed_groups
from foldwise.data.audit.order import order, time
from foldwise.data.audit.sentinels import constants_for_missing
from foldwise.data.audit.subject import Positions, Subject
from foldwise.data.audit.sums import sums_to_target
from foldwise.data.audit.target import cuts_numbers, follows_classes, predicts_target
from foldwise.data.split import Split
from foldwise.data.table import Table

CHECKS: tuple[Callable[[Subject], Iterator[Finding]], ...] = (
    follows_classes,
    cuts_numbers,
    predicts_target,
    encodes_target,
    sums_to_target,
    missing_cells,
    constants_for_missing,
    exact_copies,
    near_copies,
    holdout_copies,
    split_groups,
    unnamed_groups,
    time,
    order,
    imbalance,
    few_of_a_class,
    many_levels,
    left_out,
    constant,
)

# Of several numbers, those that look at the target are made for each, and these are enough to wait for.
OF_EACH_NUMBER = (
    cuts_numbers,
    predicts_target,
    encodes_target,
    sums_to_target,
    missing_cells,
    constants_for_missing,
    near_copies,
    time,
    order,
)
MOST_NUMBERS = 10
# Of pictures with masks or boxes, whose targets are neither labels nor numbers.
OF_PICTURES = (exact_copies, holdout_copies, split_groups)

# Several of these checks may find the same leak in a column.
ONE_CAUSE = ("target", "encoding", "groups", "order")


def audit(
    table: Table, development: npt.ArrayLike, splits: Sequence[Split], holdout: Table | None = None
) -> tuple[Finding, ...]:
    """Check the development rows and their folds; the worst findings first.

    Predictability is measured on all folds for up to 2000 rows, and for more rows on two folds with at most 4000 training
    and 1000 validation rows each.

    Args:
        table: the rows.
        development: positions of the rows that search and training may see.
        splits: their folds.
        holdout: the rows set aside; they are only checked for copies and groups shared with the development rows.
    """
    rows = np.asarray(development, dtype=np.int64)
    return merged(_first_of_each(_found(table, rows, splits, holdout)))


def _found(table: Table, rows: Positions, splits: Sequence[Split], holdout: Table | None) -> Iterator[Finding]:
    """The findings of all checks. Each of several numbers is looked at by itself; what is found again is left out."""
    if not table.targets:
        subject = Subject(table, rows, splits, holdout)
        yield from (finding for check in (OF_PICTURES if table.classes else CHECKS) for finding in check(subject))
        return
    seen: set[tuple[str, tuple[str, ...]]] = set()
    for place in range(min(len(table.targets), MOST_NUMBERS)):
        subject = Subject(table.alone(place), rows, splits, None if holdout is None else holdout.alone(place))
        found = [finding for check in (OF_EACH_NUMBER if place else CHECKS) for finding in check(subject)]
        yield from (finding for finding in found if (finding.check, finding.columns) not in seen)
        seen |= {(finding.check, finding.columns) for finding in found}


def _first_of_each(findings: Iterator[Finding]) -> Iterator[Finding]:
    """Where several checks find the same leak in a column, keep the first."""
    accused: set[tuple[str, ...]] = set()
    for finding in findings:
        if finding.check not in ONE_CAUSE or finding.columns not in accused:
            yield finding
        if finding.level == "leak" and finding.columns:
            accused.add(finding.columns)

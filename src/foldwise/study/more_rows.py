"""The chosen trial on a quarter and a half of its training rows: whether more rows would help."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.data.split import Split
from foldwise.data.table import Table
from foldwise.errors import JobError
from foldwise.evaluation.column_importance import Measured, over_folds
from foldwise.seeds import Purpose, generator
from foldwise.spec.goal import Goal
from foldwise.study.explained import Explaining
from foldwise.system.numbers import score, shown

SHARES = (0.25, 0.5)
Array = npt.NDArray[Any]


@dataclass(frozen=True)
class MoreRows:
    """Scores by the number of training rows, over the same validation rows.

    rows: a mapping for each size: `rows` of a fold, `score`, and `fold_0`, `fold_1`, ...
    gains: by how much the score got better from each size to the next, which is twice as large, in the good direction.
    """

    goal: Goal
    rows: tuple[dict[str, float], ...]
    gains: tuple[Measured, ...]

    @property
    def next_gain(self) -> float:
        """What twice the rows would gain if gains go on to shrink as they did; nan where the last gain is not shown.

        Of a score that approaches its limit as a power of the number of rows, each doubling gains the same share of the last.
        """
        first, last = self.gains
        if not last.low > 0:
            return math.nan
        return last.mean * (min(1.0, last.mean / first.mean) if first.mean > 0 else 1.0)

    @property
    def sentence(self) -> str:
        """What the screen says."""
        last, metric = self.gains[-1], self.goal.metric
        small, large = (f"{one['rows']:,.0f}" for one in self.rows[-2:])
        if not math.isfinite(last.low):
            change = f"{metric} goes from {score(self.rows[-2]['score'])} to {score(self.rows[-1]['score'])}"
            return f"more rows: from {small} to {large} rows of the one fold {change}, which says too little"
        interval = f"(95 % interval {shown(last.low, digits=2)} to {shown(last.high, digits=2)})"
        gain = f"{metric} got better by {shown(last.mean, digits=2)} {interval}"
        doubled = f"more rows: from {small} to {large} training rows of a fold {gain}"
        if not math.isfinite(self.next_gain):
            return f"{doubled}, which is within noise; twice the rows are not seen to help"
        return f"{doubled}; if it goes on like this, twice the rows gain about {shown(self.next_gain, digits=1)} more"


def more_rows(looking: Explaining) -> MoreRows:
    """Train the folds on fewer rows, and compare them with the trial. Validation rows and all values stay the same.

    Raises:
        JobError: a training failed.
        TimeIsOver: before all were trained.
    """
    from foldwise.training.cross_validate import cross_validate

    plan, trial, job = looking.plan, looking.trial, looking.job
    sizes = []
    for share in SHARES:
        looking.between()
        splits = [fewer(plan.table, split, share, plan.spec.fixed.seed, fold) for fold, split in enumerate(plan.splits)]
        found = cross_validate(job, plan.table, splits, lambda _: looking.between(), on_epoch_end=looking.between)
        if found.state != "COMPLETE":
            raise JobError(f"on {share:g} of the rows the trial ended: {found.reason}")
        sizes.append((fmean(len(split.train) for split in splits), [fold.score for fold in found.folds]))
    sizes.append((fmean(len(split.train) for split in plan.splits), [fold.score for fold in trial.folds]))
    train, valid = sizes[-1][0], fmean(len(split.valid) for split in plan.splits)
    gains = [
        over_folds([plan.goal.sign * (more - less) for less, more in zip(ours, theirs, strict=True)], train, valid)
        for (_, ours), (_, theirs) in pairwise(sizes)
    ]
    rows = [
        {"rows": count, "score": fmean(scores), **{f"fold_{fold}": one for fold, one in enumerate(scores)}}
        for count, scores in sizes
    ]
    return MoreRows(plan.goal, tuple(rows), tuple(gains))


def fewer(table: Table, split: Split, share: float, seed: int, fold: int) -> Split:
    """A fold with a share of its training rows; a smaller share is part of a larger one.

    Whole groups are kept, where rows have groups; else each class keeps its share, and at least one row.
    """
    draw = generator(Purpose.IMPORTANCE, seed, 5, fold)
    if table.groups is not None:
        own = table.groups[split.train]
        names = draw.permutation(np.unique(own))
        return Split(split.train[np.isin(own, names[: max(1, round(share * len(names)))])], split.valid)
    order = draw.permutation(split.train)
    parts = [order[table.target[order] == code] for code in range(len(table.labels))] if table.labels else [order]
    kept = [part[: max(1, round(share * len(part)))] for part in parts if len(part)]
    return Split(np.sort(np.concatenate(kept)), split.valid)

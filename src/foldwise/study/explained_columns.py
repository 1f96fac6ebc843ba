"""Which columns a trial's answers rest on, and how they follow the most important ones."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.data.preparation.fold import Preparation, fit_preparation
from foldwise.evaluation.column_groups import MOST_COLUMNS, groups_of
from foldwise.evaluation.column_importance import FoldRows, Measured, Unit, drops, over_folds
from foldwise.evaluation.dependence import Dependence, dependence, grid_of
from foldwise.report.figures.dependence import HELD
from foldwise.seeds import Purpose, derive, generator
from foldwise.study.explained import Explaining
from foldwise.trial.importance import ColumnImportance, GroupImportance, Importance, known

Array = npt.NDArray[Any]

SCREENED_ROWS = 300_000  # of a wide table, rows times columns that a first look takes, at least FEWEST_ROWS of each fold
FEWEST_ROWS = 50
DEPENDENCES, DEPENDENCE_ROWS = 6, 2000  # columns whose dependence is drawn, and the rows behind it, over all folds


def importance_of(looking: Explaining) -> Importance | None:
    """Permutation importance out of fold; None where no fold has a score.

    Args:
        looking: the trial.

    Raises:
        TimeIsOver: before all columns were measured.
    """
    plan, asked = looking.plan, looking.plan.spec.fixed.explain
    seed = plan.spec.fixed.seed
    used = {column for model in looking.models for column in model.columns}
    names = [name for name in plan.table.schema.names if name in used]
    folds = looking.fold_rows(_some(looking, asked.rows))
    kept, groups = _chosen(looking, folds, names)
    units: list[Unit] = [*((name,) for name in kept), *groups]
    each = np.array(
        [
            drops(fold, units, asked.repeats, derive(Purpose.IMPORTANCE, seed, 1, place), looking.between).mean(axis=1)
            for place, fold in enumerate(folds)
        ]
    )
    train, valid = (fmean(map(len, sides)) for sides in zip(*((one.train, one.valid) for one in plan.splits), strict=True))
    found = {unit: over_folds(each[:, place].tolist(), train, valid) for place, unit in enumerate(units)}
    if not all(np.isfinite(one.mean) for one in found.values()):
        return None
    together = sorted((_group(group, found[group]) for group in groups), key=lambda one: -one.importance)
    place_of = {name: place for place, group in enumerate(together) for name in group.columns}
    columns = [_column(name, found[(name,)], place_of.get(name)) for name in kept]
    return Importance(
        metric=plan.goal.metric,
        rows=sum(len(fold.x) for fold in folds),
        repeats=asked.repeats,
        of=len(names),
        columns=tuple(sorted(columns, key=lambda one: -one.importance)),
        groups=tuple(together),
    )


def dependences(looking: Explaining, importance: Importance) -> list[tuple[str, Dependence]]:
    """How the answers follow each of the most important columns, each with its title; of a group, its most important column."""
    plan, prep = looking.plan, looking.job.spec.prep
    order = {one.name: place for place, one in enumerate(importance.columns)}
    preparations = [fit_preparation(plan.table, split.train, prep) for split in plan.splits]
    fitted = [one for one in preparations if isinstance(one, Preparation)]
    folds = looking.fold_rows(_some(looking, DEPENDENCE_ROWS))
    found = []
    for unit in (importance.mattering or importance.ranked)[:DEPENDENCES]:
        name = min(unit.columns, key=order.__getitem__)
        grid = grid_of(plan.table, plan.development, name)
        if grid is not None:
            looking.between()
            title = f"{name}{HELD}" if len(unit.columns) > 1 else name
            found.append((title, Dependence(grid, dependence(plan.table, grid, folds, fitted))))
    return found


def _some(looking: Explaining, most: int) -> list[Array]:
    """Places among the validation rows of each fold: all, or at most `most` over all folds."""
    counts = [len(split.valid) for split in looking.plan.splits]
    share = min(1.0, most / sum(counts))
    seed = looking.plan.spec.fixed.seed
    draws = [generator(Purpose.IMPORTANCE, seed, 2, fold) for fold in range(len(counts))]
    sizes = [count if share == 1.0 else max(1, int(count * share)) for count in counts]
    return [np.sort(draw.choice(count, size, replace=False)) for draw, count, size in zip(draws, counts, sizes, strict=True)]


def _chosen(looking: Explaining, folds: Sequence[FoldRows], names: Sequence[str]) -> tuple[list[str], list[Unit]]:
    """The columns that are measured, in the order of the table, and their groups."""
    plan, most = looking.plan, looking.plan.spec.fixed.explain.columns
    seed = derive(Purpose.IMPORTANCE, plan.spec.fixed.seed, 3)
    groups = list(groups_of(plan.table, plan.development, seed, names))
    if len(names) <= most:
        return list(names), groups
    grouped = {name for group in groups for name in group}
    units: list[Unit] = [*groups, *((name,) for name in names if name not in grouped)]
    first = _first_look(looking, folds, units)
    kept: set[str] = set()
    for place in np.argsort(-first, kind="stable"):
        if kept and len(kept) + len(units[place]) > most:
            break
        kept |= set(units[place])
    chosen = [name for name in names if name in kept]
    if len(names) > MOST_COLUMNS:  # too many to seek groups before
        groups = list(groups_of(plan.table, plan.development, seed, chosen))
    return chosen, [group for group in groups if kept.issuperset(group)]


def _first_look(looking: Explaining, folds: Sequence[FoldRows], units: Sequence[Unit]) -> Array:
    """The mean drop of each unit, shuffled once in few rows, (units,)."""
    seed = looking.plan.spec.fixed.seed
    rows = max(FEWEST_ROWS, SCREENED_ROWS // len(units) // len(folds))
    few = [np.arange(min(rows, len(fold.x))) for fold in folds]
    places = _some(looking, looking.plan.spec.fixed.explain.rows)
    smaller = looking.fold_rows([own[some] for own, some in zip(places, few, strict=True)])
    each = [
        drops(fold, units, 1, derive(Purpose.IMPORTANCE, seed, 4, place), looking.between)[:, 0]
        for place, fold in enumerate(smaller)
    ]
    return np.asarray(np.nan_to_num(np.mean(each, axis=0)))


def _column(name: str, found: Measured, group: int | None) -> ColumnImportance:
    return ColumnImportance(name, found.mean, known(found.low), known(found.high), group)


def _group(columns: Unit, found: Measured) -> GroupImportance:
    return GroupImportance(columns, found.mean, known(found.low), known(found.high))

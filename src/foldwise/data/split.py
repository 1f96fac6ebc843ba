"""The folds of the development rows: which rows train and which validate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.data.cells import shown
from foldwise.data.given_folds import TRAIN, VALIDATION
from foldwise.data.masks import IGNORED
from foldwise.data.table import Table
from foldwise.errors import ConfigError
from foldwise.seeds import Purpose, derive
from foldwise.spec.folds import A_FEW, FOR_A_FEW, FoldsSpec

Positions = npt.NDArray[np.int64]
MANY_FOLDS, FEW_FOLDS, FEWEST_FOLDS, FEW_ROWS = 10, 5, 2, 2000
DRAWS = 200  # of groups for a split
SIDES = (TRAIN, VALIDATION)


@dataclass(frozen=True, eq=False)
class Split:
    """One fold: ascending row positions in the whole table.

    Training and validation rows share none, but for `folds=none`, where both are all development rows.
    """

    train: Positions
    valid: Positions


def cut_folds(table: Table, rows: npt.ArrayLike, folds: FoldsSpec, seed: int, held: int = 0) -> tuple[Split, ...]:
    """Cut the development rows (positions in the table) into folds; the same arguments give the same folds.

    `split`, `given` and `none` give one fold, every other kind `folds.count`; without one, the usual number or the next lower
    one that leaves no fold without a class. `forward` never validates the oldest rows. Rows of one moment
    stay together in `forward`, rows of one group in `grouped` and `split`.

    Args:
        table: the rows.
        rows: positions of the development rows, (rows,).
        folds: how to cut.
        seed: of the study.
        held: the number of rows set aside, which a share of all rows counts too.

    Raises:
        ConfigError: the kind would leak or needs a column that the table lacks, or a fold would have no rows or lack a class.
    """
    development = np.sort(np.asarray(rows, dtype=np.int64))
    kind = _kind(table, folds)
    if kind == "none":
        return (Split(development, development),)
    if kind == "given":
        assert table.sides is not None  # _kind refuses rows without
        return tuple(_checked(table, [Split(*(development[table.sides[development] == side] for side in SIDES))], kind))
    if kind == "split":
        valid = _validation(table, development, folds, seed, held)
        return tuple(_checked(table, [Split(np.setdiff1d(development, valid), valid)], kind))
    if folds.count is not None:
        return _folds(table, development, kind, folds, seed)
    for count in range(_most_folds(table, development, kind), FEWEST_FOLDS, -1):
        try:
            return _folds(table, development, kind, folds.model_copy(update={"count": count}), seed)
        except ConfigError:  # a fold lacks a class: fewer folds have more rows each
            continue
    return _folds(table, development, kind, folds.model_copy(update={"count": FEWEST_FOLDS}), seed)


def _folds(table: Table, rows: Positions, kind: str, folds: FoldsSpec, seed: int) -> tuple[Split, ...]:
    pairs = _cut(table, rows, kind, folds, derive(Purpose.FOLDS, seed))
    return tuple(_checked(table, [Split(rows[np.sort(train)], rows[np.sort(valid)]) for train, valid in pairs], kind))


def _checked(table: Table, splits: Sequence[Split], kind: str) -> Sequence[Split]:
    for number, split in enumerate(splits, 1):
        _check(table, split, number, kind, len(splits))
    return splits


def _kind(table: Table, folds: FoldsSpec) -> str:
    kind: str = folds.kind
    if kind == "auto":
        if table.groups is not None:
            return "grouped"
        if table.times is not None:
            return "forward"
        return "stratified" if table.labels else "kfold"
    if kind == "grouped" and table.groups is None:
        raise ConfigError("folds.kind", "grouped needs data.group, the column with the group of each row")
    if kind == "forward" and table.times is None:
        raise ConfigError("folds.kind", "forward needs data.time, the column with the time of each row")
    if kind == "stratified" and not table.labels:
        many = f"one class a row, and each picture has several in its {table.target_name}"
        rule = many if table.images is not None and table.classes else f"classes, and {table.target_name} is a number"
        raise ConfigError("folds.kind", f"stratified needs {rule}; use kfold")
    if kind == "given" and table.sides is None:
        raise ConfigError("folds.kind", "given needs rows that come with their sides; use split")
    if kind in ("stratified", "kfold") and table.groups is not None:
        rule = f"{kind} would put rows of one group on both sides, which leaks; use grouped, or leave data.group out"
        raise ConfigError("folds.kind", rule)
    return kind


def _cut(
    table: Table, rows: Positions, kind: str, folds: FoldsSpec, seed: int
) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[Any]]]:
    from sklearn import model_selection as sklearn

    classes = table.target[rows] if table.labels else None
    count = folds.count or FEWEST_FOLDS
    blank = np.zeros(len(rows))
    if count > len(rows):
        raise ConfigError("folds.count", f"{count} folds need {count} rows, and there are {len(rows)}; lower it")
    if kind == "forward":
        return _forward(table, rows, count)
    if kind == "kfold":
        return iter(sklearn.KFold(count, shuffle=True, random_state=seed).split(blank))
    if classes is not None:
        _check_classes(table, classes, count)
    if kind == "stratified":
        return iter(sklearn.StratifiedKFold(count, shuffle=True, random_state=seed).split(blank, classes))
    assert table.groups is not None
    _, groups = np.unique(table.groups[rows].astype(str), return_inverse=True)
    found = int(groups.max()) + 1
    if found < count:
        rule = f"{count} grouped folds need {count} groups, and there are {found}; {_fewer(count, 'name another data.group')}"
        raise ConfigError("folds.count", rule)
    cutter = sklearn.StratifiedGroupKFold if classes is not None else sklearn.GroupKFold
    return iter(cutter(count, shuffle=True, random_state=seed).split(blank, classes, groups))


def _validation(table: Table, rows: Positions, folds: FoldsSpec, seed: int, held: int) -> Positions:
    """The validation rows of a `split`, ascending."""
    from sklearn import model_selection as sklearn

    classes = table.target[rows] if table.labels else None
    seed = derive(Purpose.FOLDS, seed)
    if table.groups is not None:
        wanted = folds.share * (len(rows) + (held if folds.of == "all" else 0))
        return rows[_whole_groups(table.groups[rows].astype(str), classes, wanted, seed)]
    size: int | float = folds.share
    if folds.of == "all":
        size = round(folds.share * (len(rows) + held))
    _check_share(table, rows, folds, size)
    cutter = sklearn.StratifiedShuffleSplit if classes is not None else sklearn.ShuffleSplit
    _, valid = next(cutter(1, test_size=size, random_state=seed).split(np.zeros(len(rows)), classes))
    return np.sort(rows[valid])


def _whole_groups(
    groups: npt.NDArray[Any], classes: npt.NDArray[Any] | None, wanted: float, seed: int
) -> npt.NDArray[np.bool_]:
    """A mask (rows,) of groups with about `wanted` rows together, and with about the class shares of all rows.

    Of DRAWS orders of the groups, each cut where its rows come nearest to `wanted`, the best is taken; where it is possible,
    both sides have all classes.
    """
    names, at = np.unique(groups, return_inverse=True)
    if len(names) < 2:
        raise ConfigError("folds.kind", f"split keeps groups whole, and there is {len(names)} group; name another data.group")
    codes = np.zeros(len(groups), dtype=np.int64) if classes is None else classes
    counts = np.zeros((len(names), int(codes.max()) + 1))  # (groups, classes)
    np.add.at(counts, (at, codes), 1)
    ideal = counts.sum(axis=0) * wanted / len(groups)
    draws = np.random.default_rng(seed)
    best, least = np.zeros(len(names), dtype=np.bool_), np.inf
    for _ in range(DRAWS):
        order = draws.permutation(len(names))
        sizes = np.cumsum(counts[order], axis=0)[:-1]  # both sides keep a group
        count = int(np.abs(sizes.sum(axis=1) - wanted).argmin())
        lacking = bool((sizes[count] == 0).any() or (sizes[count] == counts.sum(axis=0)).any())
        off = float(np.abs(sizes[count].sum() - wanted) + np.abs(sizes[count] - ideal).sum()) + lacking * 2 * len(groups)
        if off < least:
            best, least = np.isin(np.arange(len(names)), order[: count + 1]), off
    return best[at]


def _usual_count(rows: int, classes: npt.NDArray[Any] | None) -> int:
    """Ten folds, five for many rows, and at most the number of rows of the rarest class."""
    count = min(MANY_FOLDS if rows <= FEW_ROWS else FEW_FOLDS, rows)
    return count if classes is None else max(2, min(count, int(np.unique(classes, return_counts=True)[1].min())))


def _most_folds(table: Table, rows: Positions, kind: str) -> int:
    """The usual number of folds, and at most as many as there are groups, or times after the first.

    A class needs a group for each fold that validates it.
    """
    classes = table.target[rows] if table.labels else None
    count = _usual_count(len(rows), classes)
    if kind == "forward" and table.times is not None:
        return min(count, len(np.unique(table.times[rows])) - 1)
    if kind == "grouped" and table.groups is not None:
        groups = table.groups[rows].astype(str)
        parts = [groups] if classes is None else [groups[classes == code] for code in np.unique(classes)]
        return min(count, *(len(np.unique(part)) for part in parts))
    return count


def _fewer(count: int, otherwise: str) -> str:
    return "lower it" if count > FEWEST_FOLDS else otherwise


def _forward(table: Table, rows: Positions, count: int) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[Any]]]:
    from sklearn.model_selection import TimeSeriesSplit

    assert table.times is not None
    moments, at = np.unique(table.times[rows], return_inverse=True)
    if len(moments) <= count:
        advice = _fewer(count, "name another data.time")
        rule = f"{count} forward folds need {count + 1} different times, and there are {len(moments)}; {advice}"
        raise ConfigError("folds.count", rule)
    for train, valid in TimeSeriesSplit(count).split(moments):
        yield np.flatnonzero(at <= train[-1]), np.flatnonzero((at >= valid[0]) & (at <= valid[-1]))


def _check_classes(table: Table, classes: npt.NDArray[Any], count: int) -> None:
    counts = np.bincount(classes, minlength=len(table.labels))
    rarest = int(counts.argmin())
    if counts[rarest] < count:
        rule = f"class {shown(table.labels[rarest])} has {counts[rarest]} development rows, fewer than {count} folds"
        otherwise = FOR_A_FEW if len(classes) <= A_FEW else "merge or drop that class"
        lower = f"lower it to {counts[rarest]}" if counts[rarest] >= 2 else otherwise
        raise ConfigError("folds.count", f"{rule}; {lower}")


def _check_share(table: Table, rows: Positions, folds: FoldsSpec, size: float) -> None:
    valid = size if folds.of == "all" else folds.share * len(rows)
    least = max(len(table.labels), 1)
    if valid < least or len(rows) - valid < least:
        of = "all rows" if folds.of == "all" else f"{len(rows)} development rows"
        rows_of = f"{valid:.3g} of the {len(rows)} development rows would validate"
        needs = f"training and validation each need {least} or more" if least > 1 else "training and validation each need a row"
        otherwise = FOR_A_FEW if len(rows) <= A_FEW else "change it, or choose another folds"
        raise ConfigError("folds.share", f"{folds.share} of {of}: {rows_of}, and {needs}; {otherwise}")
    if table.labels:
        _check_classes(table, table.target[rows], 2)


# What helps a single split that lacks a class.
_REMEDIES = {"split": ("folds.share", "raise it"), "given": ("folds.kind", "mark other rows")}


def lacks(table: Table, rows: Positions) -> str | None:
    """What these pictures would need to be scored: a pixel of a known class, or a box; None if they have it."""
    if table.task == "segmentation" and (table.target[rows] == IGNORED).all():
        return "pixel of a known class"
    return "box" if table.task == "detection" and (table.target[rows][..., 0] < 0).all() else None


def _check(table: Table, split: Split, number: int, kind: str, count: int) -> None:
    """Refuse a fold that lacks a class on one side, where metrics would be undefined."""
    for side, rows in (("training", split.train), ("validation", split.valid)):
        if not len(rows):
            raise ConfigError("folds.kind", f"fold {number} ({kind}) would have no {side} row; choose another")
        if what := lacks(table, rows):
            fewer = _fewer(count, "add pictures that have one")
            key, change = _REMEDIES.get(kind, ("folds.count", fewer))
            raise ConfigError(key, f"fold {number} ({kind}) would have no {what} in its {side} pictures; {change}")
        if not table.labels:
            continue
        lacking = np.flatnonzero(np.bincount(table.target[rows], minlength=len(table.labels)) == 0)
        if len(lacking):
            fewer = _fewer(count, "merge or drop that class")
            key, change = _REMEDIES.get(kind, ("folds.count", fewer))
            label = shown(table.labels[int(lacking[0])])
            rule = f"fold {number} ({kind}) would have no {side} row of class {label}; {change}, or choose another folds.kind"
            raise ConfigError(key, rule)

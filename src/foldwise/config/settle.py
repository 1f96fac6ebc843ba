"""What `auto` stands for: a network, and how it is trained and searched, by the size of a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from foldwise.spec.goal import NUMBERS
from foldwise.spec.settled import Size

LARGEST_BATCH = 0.35  # of the rows: beside a holdout, the training rows of two folds are 0.4 of them
ENOUGH_OF_A_CLASS = 10  # rows in each fold, so that a set number of folds lacks none


@dataclass(frozen=True)
class Line:
    """What `auto` stands for in tables from `rows` rows on.

    model: an option of the group model. columns: the most features; None: any number.
    values: group -> option, or dotted key -> value; each takes the place of `auto` there and of nothing else. The network
        brings its own prep, lr_schedule and fit, whose files may say `auto` too.
    of_numbers: other values where the target is a number.
    """

    model: str
    values: Mapping[str, Any]
    rows: int = 0
    columns: int | None = None
    of_numbers: Mapping[str, Any] = field(default_factory=dict)

    def fits(self, size: Size) -> bool:
        """Whether it is meant for rows of this size."""
        few = self.columns is None or size.columns <= self.columns
        return self.rows <= size.rows and few and not size.images


# What every study had before there was `auto`. It holds for small tables, for images, and for networks without a line.
FORMER = Line(
    model="mlp",
    values={
        "model.units": ["int", 8, 128, {"log": True, "default": 32}],
        "fit.epochs": 40,
        "fit.batch_size": None,
        "folds.count": None,
        "budget.trials": 40,
        "race": "none",
    },
)
# Of pictures with masks or boxes: the network that is made for them, which brings its own values.
OF_TASK: Mapping[str, Line] = {
    "segmentation": Line("unet", {**FORMER.values, "budget.trials": 8}),
    "detection": Line("centre", {**FORMER.values, "budget.trials": 8}),
}
# Where `auto` may stand.
PLACES = ("model", *FORMER.values)
MOST_COLUMNS = 300  # an embedding of each is what costs
WIDE = ["choice", 128, 256]


def _tabular(
    *, rows: int, units: Any, epochs: int, batch: int, folds: int, trials: int, epochs_of_numbers: int | None = None
) -> Line:
    """A line of the network tabular."""
    values = {
        "model.units": units,
        "fit.epochs": epochs,
        "fit.batch_size": batch,
        "folds.count": folds,
        "budget.trials": trials,
        "race": "none",
    }
    of_numbers = {} if epochs_of_numbers is None else {"fit.epochs": epochs_of_numbers}
    return Line("tabular", values, rows, MOST_COLUMNS, of_numbers)


# From few rows to many. Of the lines that fit the last one counts, and the first one where none does.
TABLE: tuple[Line, ...] = (
    FORMER,
    _tabular(rows=3_000, units=WIDE, epochs=64, batch=256, folds=5, trials=20, epochs_of_numbers=128),
    _tabular(rows=15_000, units=WIDE, epochs=16, batch=256, folds=3, trials=24, epochs_of_numbers=32),
    _tabular(rows=60_000, units=WIDE, epochs=12, batch=512, folds=3, trials=8),
    _tabular(rows=250_000, units=128, epochs=4, batch=2048, folds=3, trials=3),
)


def lines_of(kind: str | None, table: Sequence[Line] | None = None) -> tuple[Line, ...]:
    """The lines that a study can get.

    Args:
        kind: of the network that was given; None: the rows choose it.
        table: instead of TABLE.
    """
    table = TABLE if table is None else table
    return tuple(line for line in table if kind in (None, line.model)) or (FORMER,)


def settle(size: Size | None, kind: str | None, table: Sequence[Line] | None = None) -> dict[str, Any]:
    """Group -> option, and dotted key -> value, for the places where `auto` may stand; `model` is the first.

    Args:
        size: of the table; None: not known yet.
        kind: of the network that was given; None: the rows choose it.
        table: instead of TABLE.
    """
    lines = lines_of(kind, table)
    fitting = [line for line in lines if size is not None and line.fits(size)]
    line = OF_TASK[size.task] if size is not None and size.task in OF_TASK else fitting[-1] if fitting else lines[0]
    numbers = size is not None and size.task in NUMBERS
    values = {"model": line.model, **FORMER.values, **line.values, **(line.of_numbers if numbers else {})}
    if size is not None and not _can_be_cut(size, values["folds.count"]):
        values["folds.count"] = None
    if size is not None and (values["fit.batch_size"] or 0) > size.rows * LARGEST_BATCH:
        values["fit.batch_size"] = None
    return values


def by_rows(kind: str | None, table: Sequence[Line] | None = None) -> bool:
    """Whether `auto` depends on the rows, for this kind of network."""
    lines = lines_of(kind, table)
    return len(lines) > 1 or any(line.of_numbers for line in lines)


def _can_be_cut(size: Size, folds: int | None) -> bool:
    """Whether so large a table can be cut into that number of folds. Without a number fewer folds are made where it cannot."""
    return folds is None or (not size.grouped and (size.rarest is None or size.rarest >= ENOUGH_OF_A_CLASS * folds))

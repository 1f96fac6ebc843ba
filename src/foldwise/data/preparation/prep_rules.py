"""Checks that a preparation fits a table, before anything is written."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from foldwise.data.preparation.pixels import SCALES
from foldwise.data.table import Table
from foldwise.errors import ConfigError
from foldwise.spec.prep import PrepSpec


def check_prep(table: Table, rows: npt.ArrayLike, prep: PrepSpec) -> None:
    """Refuse a preparation that these rows, (rows,), cannot have.

    Raises:
        ConfigError: at prep, if no column is left; at prep.target, with the first row without a logarithm; at prep.scale or
            prep.select, if images cannot have it.
    """
    if table.images is not None:
        _check_images(prep)
    elif not any(column.kind in prep.kinds for column in table.schema.columns):
        found = ", ".join(f"{column.name} ({column.kind})" for column in table.schema.columns)
        raise ConfigError("prep", f"leaves out every column: {found}; set prep.dates=parts or prep.text=hash")
    if prep.target == "log":
        _check_log(table, np.asarray(rows, dtype=np.int64))


def _check_images(prep: PrepSpec) -> None:
    if prep.scale not in SCALES:
        rule = f"{prep.scale} is for columns, and the rows are images; use unit (x / 255), standard, minmax or none"
        raise ConfigError("prep.scale", rule)
    if prep.select.kind != "none":
        raise ConfigError("prep.select", "an image keeps all its pixels; set prep.select=none")


def _check_log(table: Table, at: npt.NDArray[np.int64]) -> None:
    if table.labels:
        raise ConfigError("prep.target", f"log is for a number to predict, and {table.target_name} has labels; use standard")
    for name, values in (
        zip(table.classes, table.target.T, strict=True) if table.targets else ((table.target_name, table.target),)
    ):
        _check_numbers(name, values[at], table.rows[at])


def _check_numbers(name: str, values: npt.NDArray[np.float64], rows: npt.NDArray[np.int64]) -> None:
    """Refuse numbers without a logarithm; rows: their places in the source."""
    low = np.flatnonzero(values <= -1)
    if len(low):
        where = f"{name} is {values[low[0]]:g} in row {rows[low[0]] + 1}"
        raise ConfigError("prep.target", f"log(1 + y) needs targets > -1, and {where}; use standard")

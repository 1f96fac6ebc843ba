"""What a preparation may ask of a table, so that it is refused before anything is written."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from foldwise.data.table import Table
from foldwise.data_specs import PrepSpec
from foldwise.errors import ConfigError


def check_target(table: Table, rows: npt.ArrayLike, prep: PrepSpec) -> None:
    """Whether the targets of these rows, (rows,), have the logarithm that prep.target may ask for.

    Raises:
        ConfigError: at prep.target, with the first row that has none.
    """
    if prep.target != "log":
        return
    at = np.asarray(rows, dtype=np.int64)
    if table.labels:
        raise ConfigError("prep.target", f"log is for a number to predict, and {table.target_name} has labels; use standard")
    low = np.flatnonzero(table.target[at] <= -1)
    if len(low):
        first = at[low[0]]
        where = f"{table.target_name} is {table.target[first]:g} in row {table.rows[first] + 1}"
        raise ConfigError("prep.target", f"log(1 + y) needs targets > -1, and {where}; use standard")

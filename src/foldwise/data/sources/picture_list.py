"""A CSV file that names pictures. Sources of pictures have no options for how it is read, so its delimiter is found."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from foldwise.data.sources.read import read_file
from foldwise.errors import DataError
from foldwise.spec.data import CsvData

AN_OPTION = re.compile(r"\b(?:set|try) data\.")  # of data=csv, which a source of pictures does not have
DELIMITERS = (",", ";", "\t")
ADVICE = "save it as UTF-8 text with a comma between cells, column names in line 1, and rows alone below"


def read_list(path: Path, columns: Sequence[str], target: str) -> pd.DataFrame:
    """The rows of a CSV file whose cells are separated by commas, semicolons or tabs, with at least these columns.

    target: the column that shows whether the delimiter is right.

    Raises:
        DataError: it cannot be read in any of these ways; with the reason for commas.
    """
    faults = []
    for delimiter in DELIMITERS:
        try:
            data = CsvData(kind="csv", path=str(path), target=target, delimiter=delimiter)
            return read_file(path, data, needed=columns).frame
        except DataError as fault:
            faults.append(str(fault))
    rule, _, advice = faults[0].rpartition("; ")
    if AN_OPTION.search(advice):
        raise DataError(f"{rule}; {ADVICE}")
    raise DataError(faults[0])

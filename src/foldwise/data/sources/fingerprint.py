"""Tells in moments whether rows are still those of another day, before anything is imported that reads them."""

from __future__ import annotations

import hashlib
from importlib.metadata import version

from foldwise.data.sources.read import find_file
from foldwise.spec.data import CsvData, GivenHoldout, ParquetData, SklearnData
from foldwise.spec.places import Paths
from foldwise.spec.sources import MadeData
from foldwise.spec.study import FixedSpec


def source_mark(fixed: FixedSpec) -> str | None:
    """Equal marks mean equal rows; None where only reading the rows can tell, as with databases and folders.

    Raises:
        DataError: a file is not there.
    """
    data, paths = fixed.data, fixed.paths
    if isinstance(data, (CsvData, ParquetData)):
        marks = [_of_file(data.path, data.name, paths, "data.path")]
        if isinstance(data.holdout, GivenHoldout):
            marks.append(_of_file(data.holdout.path, data.name, paths, "data.holdout.path"))
        return " ".join(marks)
    if isinstance(data, (SklearnData, MadeData)):
        return f"scikit-learn {version('scikit-learn')} numpy {version('numpy')} foldwise {version('foldwise')}"
    return None


def _of_file(path: str, name: str | None, paths: Paths, key: str) -> str:
    with find_file(path, name, paths, key).open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"

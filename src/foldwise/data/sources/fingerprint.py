"""Marks of rows: equal marks mean equal rows. A mark needs no pandas, so a door can tell in moments that nothing changed."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from io import BufferedReader

from foldwise.data.sources.find_file import find_file
from foldwise.spec.data import CsvData, GivenHoldout, ParquetData, SklearnData
from foldwise.spec.places import Paths
from foldwise.spec.sources import MadeData
from foldwise.spec.study import FixedSpec


def source_mark(fixed: FixedSpec) -> str | None:
    """The mark of a study's rows; None for databases, folders and others that only reading can compare.

    Raises:
        DataError: a file does not exist.
    """
    data, paths = fixed.data, fixed.paths
    if isinstance(data, (SklearnData, MadeData)):
        mark = library_mark()
    elif isinstance(data, (CsvData, ParquetData)):
        mark = _mark_at(data.path, data.name, paths, "data.path")
    else:
        return None
    if fixed.folds.path is not None:
        mark = f"{mark} {_mark_at(fixed.folds.path, data.name, paths, 'folds.path')}"
    if not isinstance(data.holdout, GivenHoldout):
        return mark
    return joined(mark, _mark_at(data.holdout.path, data.name, paths, "data.holdout.path"))


def joined(mark: str | None, of_holdout: str | None) -> str | None:
    """The mark of rows whose holdout, or whose validation rows, come from a file of their own."""
    return None if mark is None or of_holdout is None else f"{mark} {of_holdout}"


def file_mark(file: BufferedReader) -> str:
    """The mark of an open file, which is at its beginning again afterwards."""
    mark = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    file.seek(0)
    return mark


def library_mark() -> str:
    """The mark of tables that come with a library or are made by a rule."""
    return f"scikit-learn {version('scikit-learn')} numpy {version('numpy')} foldwise {version('foldwise')}"


def _mark_at(path: str, name: str | None, paths: Paths, key: str) -> str:
    with find_file(path, name, paths, key).open("rb") as file:
        return file_mark(file)

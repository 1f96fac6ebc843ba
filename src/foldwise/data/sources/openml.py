"""Data sets of OpenML, by scikit-learn's own way of fetching and keeping them."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from foldwise.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from foldwise.spec.sources import OpenmlData


def fetch(data: OpenmlData, folder: Path) -> tuple[pd.DataFrame, str, tuple[str, ...]]:
    """All columns of a data set, what to call it, and what OpenML says of it.

    Args:
        data: which.
        folder: where it is looked for first, and kept.

    Raises:
        DataError: it is neither there nor can be fetched, or OpenML does not know it.
    """
    import pandas as pd
    from sklearn.datasets import fetch_openml

    from foldwise.data.sources.typed_cells import typed_cells

    said = f"data.id={data.id}" if data.name is None else f"data.name={data.name}"
    which: dict[str, Any] = (
        {"data_id": data.id} if data.name is None else {"name": data.name, "version": data.version or "active"}
    )
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            bunch = fetch_openml(
                **which, data_home=folder, target_column=None, as_frame=True, parser="pandas", n_retries=1, delay=0.5
            )
        except OSError as fault:  # URLError and HTTPError are some
            _leave_no_empty(folder)
            reason = getattr(fault, "reason", None) or fault
            rule = f"is not in {folder} and cannot be fetched from OpenML ({reason})"
            raise DataError(f"{said}: {rule}; go online once, or set paths.data to where it is") from None
        except Exception as fault:  # noqa: BLE001 what scikit-learn raises is OpenML's own sentence, in many classes
            raise DataError(f"{said}: OpenML: {' '.join(str(fault).split())[:300]}") from None
    marks = frozenset(data.missing)
    frame: pd.DataFrame = bunch.frame
    columns = {str(name): typed_cells(_values(frame[name]), marks) for name in frame.columns}
    notes = tuple(" ".join(str(one.message).split()) for one in told if issubclass(one.category, UserWarning))
    details = bunch.details
    return pd.DataFrame(columns), f"OpenML's {details['name']}, version {details['version']} (id {details['id']})", notes


def _leave_no_empty(folder: Path) -> None:
    """Take away the folders that scikit-learn made for files that never came."""
    inside = sorted((folder / "openml").rglob("*"), reverse=True)
    for path in (*inside, folder / "openml", folder):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def _values(column: pd.Series[Any]) -> list[Any]:
    """A column as Python's own values, None where missing."""
    return [None if gone else value for value, gone in zip(column.astype(object).to_list(), column.isna(), strict=True)]

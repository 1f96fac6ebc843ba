"""Data sets of OpenML, fetched and cached by scikit-learn."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from foldwise.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from foldwise.spec.sources import OpenmlData


def fetch(data: OpenmlData, folder: Path) -> tuple[pd.DataFrame, str, tuple[str, ...]]:
    """All columns of a data set, its name for messages, and OpenML's warnings.

    Args:
        data: the name or number.
        folder: the cache.

    Raises:
        DataError: the data set is not in the cache and cannot be fetched, or OpenML does not know it.
    """
    import pandas as pd
    from sklearn.datasets import fetch_openml

    from foldwise.data.sources.typed_cells import typed_cells

    key = f"data.id={data.id}" if data.name is None else f"data.name={data.name}"
    which: dict[str, Any] = (
        {"data_id": data.id} if data.name is None else {"name": data.name, "version": data.version or "active"}
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            bunch = fetch_openml(
                **which, data_home=folder, target_column=None, as_frame=True, parser="pandas", n_retries=1, delay=0.5
            )
        except OSError as fault:  # URLError and HTTPError too
            _leave_no_empty(folder)
            reason = getattr(fault, "reason", None) or fault
            rule = f"is not in {folder} and cannot be fetched from OpenML ({reason})"
            raise DataError(f"{key}: {rule}; go online once, or set paths.data to the folder that has it") from None
        except Exception as fault:  # noqa: BLE001 scikit-learn raises OpenML's messages in many classes
            raise DataError(f"{key}: OpenML: {' '.join(str(fault).split())[:300]}") from None
    marks = frozenset(data.missing)
    frame: pd.DataFrame = bunch.frame
    columns = {str(name): typed_cells(_values(frame[name]), marks) for name in frame.columns}
    notes = tuple(" ".join(str(one.message).split()) for one in caught if issubclass(one.category, UserWarning))
    details = bunch.details
    return pd.DataFrame(columns), f"OpenML's {details['name']}, version {details['version']} (id {details['id']})", notes


def _leave_no_empty(folder: Path) -> None:
    """Remove the empty folders that scikit-learn made for a failed download."""
    inside = sorted((folder / "openml").rglob("*"), reverse=True)
    for path in (*inside, folder / "openml", folder):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def _values(column: pd.Series[Any]) -> list[Any]:
    """A column as Python's own values, None if missing."""
    return [None if gone else value for value, gone in zip(column.astype(object).to_list(), column.isna(), strict=True)]

"""The body of a request as raw rows, in the forms that MLflow's scoring server takes; and answers as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.errors import DataError

FORMS = ("dataframe_split", "dataframe_records", "instances", "inputs")
ALL_FORMS = "dataframe_split, dataframe_records, instances or inputs"
WHITEST = 255


def rows_of(body: bytes, of_images: bool) -> pd.DataFrame | npt.NDArray[np.uint8]:
    """The raw rows of a request.

    Args:
        body: JSON with one of FORMS: columns and rows, a list of rows, or for `inputs` also a list for each column; of
            images a list of images, (rows, height, width, channels), whole numbers from 0 to 255.
        of_images: whether the model takes images.

    Raises:
        DataError: in one sentence, what the body has to be.
    """
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        raise DataError("the body is not JSON, or is nested too deep") from None
    if not isinstance(asked, dict):
        raise DataError(f"the body must be an object with {ALL_FORMS}")
    given = [form for form in FORMS if form in asked]
    if len(given) != 1:
        raise DataError(f"the body must have one of {ALL_FORMS}, got {', '.join(given) or 'none of them'}")
    form, value = given[0], asked[given[0]]
    if of_images:
        if form.startswith("dataframe"):
            raise DataError(f"the model takes images, so the body must have inputs or instances, got {form}")
        return _images(form, value)
    if form == "dataframe_split":
        return _from_split(value)
    if form == "inputs" and isinstance(value, dict):
        return _from_columns(value)
    return _from_records(form, value)


def _from_split(value: Any) -> pd.DataFrame:
    columns, data = (value.get("columns"), value.get("data")) if isinstance(value, Mapping) else (None, None)
    if not isinstance(columns, list) or not isinstance(data, list) or not all(isinstance(name, str) for name in columns):
        raise DataError("dataframe_split must have columns, a list of names, and data, a list of rows")
    if len(set(columns)) < len(columns):
        raise DataError("dataframe_split names a column twice")
    for place, row in enumerate(data):
        if not isinstance(row, list) or len(row) != len(columns):
            raise DataError(f"row {place + 1} of dataframe_split must be a list of {len(columns)} cells, one for each column")
    return pd.DataFrame(_cells(data, len(columns)), columns=columns, dtype=object)


def _from_records(form: str, value: Any) -> pd.DataFrame:
    if not isinstance(value, list) or not all(isinstance(row, Mapping) for row in value):
        raise DataError(f"{form} must be a list of rows, each an object with a cell for each column")
    columns = list(dict.fromkeys(name for row in value for name in row))
    return pd.DataFrame(
        _cells([[row.get(name) for name in columns] for row in value], len(columns)), columns=columns, dtype=object
    )


def _from_columns(value: Mapping[str, Any]) -> pd.DataFrame:
    lists = [cells if isinstance(cells, list) else [cells] for cells in value.values()]
    if len({len(cells) for cells in lists}) > 1:
        raise DataError("the columns of inputs must be of one length")
    return pd.DataFrame(_cells([list(row) for row in zip(*lists, strict=True)], len(lists)), columns=list(value), dtype=object)


def _cells(rows: Sequence[Sequence[Any]], width: int) -> npt.NDArray[np.object_]:
    """Cells as they are, (rows, width): a list in a cell stays one cell, which the model refuses by its column."""
    cells = np.empty((len(rows), width), dtype=object)
    for place, row in enumerate(rows):
        for column, cell in enumerate(row):
            cells[place, column] = cell
    return cells


def _images(form: str, value: Any) -> npt.NDArray[np.uint8]:
    rule = f"{form} must be a list of images, (rows, height, width, channels), of whole numbers from 0 to {WHITEST}"
    try:
        pixels = np.asarray(value)
    except ValueError:
        raise DataError(rule) from None
    if not pixels.size or pixels.dtype.kind not in "iu" or pixels.min() < 0 or pixels.max() > WHITEST:
        raise DataError(rule)
    return pixels.astype(np.uint8)


def as_json(answers: pd.DataFrame) -> bytes:
    """Answers as MLflow's scoring server writes them: `predictions`, an object for each row."""
    return json.dumps({"predictions": answers.to_dict("records")}).encode()

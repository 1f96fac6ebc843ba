"""The sample rows of a bundle: raw rows to JSON values and back."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.bundle.card_rules import IMAGE
from foldwise.data.schema import Schema
from foldwise.data.table import Table


def sample_row(schema: Schema, table: Table, place: int) -> dict[str, str | float | int | bool | None]:
    """A row as JSON values."""
    if table.images is not None:
        return {IMAGE: base64.b64encode(table.images[place].tobytes()).decode()}
    return {name: _cell(table.raw[name].iloc[place]) for name in schema.names}


def as_raw(schema: Schema, rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame | npt.NDArray[np.uint8]:
    """Sample rows as raw rows."""
    if schema.image is None:
        return pd.DataFrame([dict(row) for row in rows], dtype=object)
    pixels = b"".join(base64.b64decode(row[IMAGE]) for row in rows)
    return np.frombuffer(pixels, dtype=np.uint8).reshape(len(rows), *schema.image)


def _cell(value: Any) -> str | float | int | bool | None:
    """A raw cell as a JSON value."""
    if hasattr(value, "item"):
        value = value.item()
    if pd.isna(value):
        return None
    return value if isinstance(value, (str, float, int, bool)) else str(value)

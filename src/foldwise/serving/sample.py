"""A request that is ready to paste: curl with a sample row of the model."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from foldwise.bundle.bundle import Bundle
from foldwise.serving.app import JSON
from foldwise.system.files import write_json

LONGEST = 2000  # characters of a body on a command line; longer ones are put into a file


def sample_request(bundle: Bundle, address: str, file: Path) -> str:
    """A curl command for the first sample row; the body of an image goes into `file`."""
    rows = bundle.sample_rows()[:1]
    body: dict[str, Any] = {"inputs": rows.tolist()} if isinstance(rows, np.ndarray) else _records(rows)
    text = json.dumps(body, ensure_ascii=False)
    if len(text) > LONGEST:
        write_json(file, body)
        text = f"@{file}"
    return f"curl -s {address}/invocations -H 'Content-Type: {JSON}' -d {shlex.quote(text)}"


def _records(rows: pd.DataFrame) -> dict[str, Any]:
    return {"dataframe_records": rows.to_dict("records")}

"""Results as lines of JSON, so that a benchmark goes on where it was stopped. A line that was cut off counts as not there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Record = dict[str, Any]


def read(path: Path, *keys: str) -> dict[tuple[Any, ...], Record]:
    """The last record for each combination of these keys; {} if there is no file."""
    found: dict[tuple[Any, ...], Record] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            record = json.loads(line)
        except ValueError:
            continue
        found[tuple(record[key] for key in keys)] = record
    return found


def append(path: Path, record: Record) -> None:
    """Write a line; after one that was cut off it begins a new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        cut_off = file.tell() and not path.read_bytes().endswith(b"\n")
        file.write(("\n" if cut_off else "") + json.dumps(record) + "\n")

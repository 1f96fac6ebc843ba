"""The finished results of `benchmarks.answers`: a line for each table, split and contestant, and the losses of its rows.

The lines are kept in the repository, the losses only where they were found.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Record = dict[str, Any]
Place = tuple[str, int, str]


class Log:
    """A folder with `answers.jsonl` and `losses/`. A line that was cut off by a kill counts as not there.

    known: the last record of each (table, split, contestant).
    """

    def __init__(self, folder: Path) -> None:
        self.path, self._losses = folder / "answers.jsonl", folder / "losses"
        self.known: dict[Place, Record] = {}
        lines = self.path.read_text(encoding="utf-8").splitlines() if self.path.exists() else []
        for line in lines:
            record = _read(line)
            if record is not None:
                self.known[_place(record)] = record

    def has(self, table: str, split: int, contestant: str, again: bool = False) -> bool:
        """Whether there is a result; with `again`, one that did not fail."""
        record = self.known.get((table, split, contestant))
        return record is not None and not (again and "error" in record)

    def add(self, record: Record, losses: Array | None) -> None:
        """Write the losses, then the line, so a line always has its losses."""
        place = _place(record)
        if losses is not None:
            self._losses.mkdir(parents=True, exist_ok=True)
            np.save(self._file(*place), losses)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            cut_off = file.tell() and not self.path.read_bytes().endswith(b"\n")
            file.write(("\n" if cut_off else "") + json.dumps(record) + "\n")
        self.known[place] = record
        print(*place, record.get("scores") or record["error"], f"{record['processor']:.0f} processor seconds", flush=True)

    def finished(self, table: str, contestant: str) -> dict[int, Record]:
        """The results that did not fail, by split."""
        return {
            split: record
            for (name, split, who), record in self.known.items()
            if (name, who) == (table, contestant) and "error" not in record
        }

    def has_losses(self, table: str, split: int, contestant: str) -> bool:
        """Whether what it loses on each test row is still there."""
        return self._file(table, split, contestant).exists()

    def losses(self, table: str, split: int, contestant: str) -> Array:
        """What it loses on each test row, (rows,)."""
        found: Array = np.load(self._file(table, split, contestant))
        return found

    def versions(self) -> dict[str, str]:
        """The libraries of the rivals."""
        return {name: number for record in self.known.values() for name, number in record.get("versions", {}).items()}

    def failed(self) -> dict[str, str]:
        """Why, by table, split and contestant."""
        return {" ".join(map(str, place)): record["error"] for place, record in self.known.items() if "error" in record}

    def _file(self, table: str, split: int, contestant: str) -> Path:
        return self._losses / f"{table}-{split}-{contestant}.npy"


def _place(record: Record) -> Place:
    return record["table"], record["split"], record["contestant"]


def _read(line: str) -> Record | None:
    try:
        record: Record = json.loads(line)
    except ValueError:
        return None
    return record

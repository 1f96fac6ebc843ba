"""Results on disk from the end of training until their commit, so that no trial is lost while the database is unavailable."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from foldwise.spec.space import Params
from foldwise.system.files import atomically, json_text
from foldwise.trial.result import TrialResult


@dataclass(frozen=True)
class Running:
    """A trial in the ledger without a result."""

    attempt: int
    params: Params


class KeptResults:
    """The files `<number>.<attempt>.json` of a folder, each a result of the study created at that moment."""

    def __init__(self, folder: Path, study: str, created: datetime) -> None:
        self._folder = folder
        self._of = {"study": study, "created": created.isoformat()}

    def keep(self, attempt: int, result: TrialResult, synced: bool = True) -> None:
        """Write a result. It outlives this process, and where it is synced a loss of power too."""
        text = json_text({**self._of, "attempt": attempt, "result": result.to_json()})
        atomically(self._path(result.number, attempt), lambda part: part.write_text(text, encoding="utf-8"), synced)

    def drop(self, attempt: int, number: int) -> None:
        """Delete a result that the ledger has or will never accept."""
        self._path(number, attempt).unlink(missing_ok=True)

    def left(self, running: Mapping[int, Running], notify: Callable[[str], None]) -> list[tuple[int, TrialResult]]:
        """The attempts and results that an earlier start left, by number.

        Only attempts that are running in the ledger count: a damaged file or one of another study stays and is reported, the
        file of a finished trial is removed.
        """
        found: list[tuple[int, TrialResult]] = []
        for path in self._folder.glob("*.json"):
            kept = self._read(path)
            if kept is None:
                notify(f"{path} is not a result of this study and is ignored")
                continue
            attempt, result = kept
            if running.get(result.number) == Running(attempt, result.params):
                found.append(kept)
            else:
                path.unlink()
        for part in self._folder.glob(".*.part"):  # its writer was killed
            part.unlink()
        return sorted(found, key=lambda kept: kept[1].number)

    def _read(self, path: Path) -> tuple[int, TrialResult] | None:
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            result = TrialResult.from_json(kept["result"])
            attempt = int(kept["attempt"])
            mine = {key: kept[key] for key in self._of} == self._of and path == self._path(result.number, attempt)
            return (attempt, result) if mine else None
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def _path(self, number: int, attempt: int) -> Path:
        return self._folder / f"{number}.{attempt}.json"

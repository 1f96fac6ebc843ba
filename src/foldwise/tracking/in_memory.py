"""A tracker and a registry in this process's memory, for fast tests and experiments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foldwise.errors import ConfigError
from foldwise.ledger.ledger import Ledger
from foldwise.ledger.rows import StudyRecord, TrialRow
from foldwise.system.known_words import did_you_mean
from foldwise.tracking.registry import FIRST, LATER, UNKNOWN, ModelVersion, Standing, read_reference
from foldwise.trial.summary import RunPlace, StudySummary

if TYPE_CHECKING:
    import pandas as pd


class InMemoryTracker:
    """Keeps what it is given."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.record: StudyRecord | None = None
        self.trials: dict[int, TrialRow] = {}
        self.summary: StudySummary | None = None
        self.files: tuple[Path, ...] = ()
        self.closed = False

    def open(self, record: StudyRecord, rows: Sequence[TrialRow]) -> None:
        """Take the study and its finished trials."""
        self.record = record
        self._ledger.mark_shipped(record.name, None, record.name)
        for row in rows:
            if row.result is not None and row.shipped is None:
                self.trial(row)

    def trial(self, row: TrialRow) -> None:
        """Take a finished trial."""
        self.trials[row.number] = row
        self._ledger.mark_shipped(row.study, row.number, f"{row.study}/{row.number}")

    def place(self, wait_seconds: float = 60.0) -> RunPlace | None:
        """A place in this process."""
        return None if self.record is None else RunPlace("memory", self.record.name, self.record.name)

    def close(self, summary: StudySummary | None, files: Sequence[Path] = (), wait_seconds: float = 60.0) -> tuple[str, ...]:
        """Take the summary."""
        self.summary, self.files, self.closed = summary, tuple(files), True
        record = self._ledger.study(self.record.name) if self.record else None
        if summary is not None and record is not None and record.finished is not None:
            self._ledger.mark_shown(record.name, record.finished)
        return ()


class InMemoryRegistry:
    """Bundles by name and version; they stay in the folders where they were saved."""

    def __init__(self) -> None:
        self._folders: dict[str, list[Path]] = {}
        self._aliases: dict[str, dict[str, int]] = {}
        self._idempotency_keys: dict[tuple[str, str], int] = {}

    def register(
        self,
        folder: Path,
        name: str,
        run_id: str | None,
        metrics: Mapping[str, float],
        idempotency_key: str | None = None,
        standing: Standing = UNKNOWN,
    ) -> ModelVersion:
        """Register the next version of a name: the first becomes champion if it may, later ones challenger."""
        folders = self._folders.setdefault(name, [])
        if idempotency_key is not None and (name, idempotency_key) in self._idempotency_keys:
            return self._version(name, self._idempotency_keys[name, idempotency_key])
        folders.append(folder)
        aliases = self._aliases.setdefault(name, {})
        aliases[FIRST if standing.leads and FIRST not in aliases else LATER] = len(folders)
        if idempotency_key is not None:
            self._idempotency_keys[name, idempotency_key] = len(folders)
        return self._version(name, len(folders))

    def fetch(self, reference: str) -> Path:
        """The folder of `name@alias` or `name/version`."""
        name, version = self.number(reference)
        return self._folders[name][version - 1]

    def identity(self, name: str) -> str | None:
        """The name, which is unique in this process."""
        return name if name in self._folders else None

    def number(self, reference: str) -> tuple[str, int]:
        """The name and version that a reference currently stands for."""
        name, alias, version = read_reference(reference)
        if name not in self._folders:
            raise ConfigError("model", f"no model is called {name!r}{did_you_mean(name, self._folders)}")
        if alias is not None:
            if alias not in self._aliases[name]:
                raise ConfigError("model", f"{name} has no alias {alias!r}{did_you_mean(alias, self._aliases[name])}")
            version = self._aliases[name][alias]
        if version is None or not 1 <= version <= len(self._folders[name]):
            raise ConfigError("model", f"{name} has no version {version}; its latest is {len(self._folders[name])}")
        return name, version

    def answer(self, name: str, version: int, rows: Any) -> pd.DataFrame:
        """The bundle's own answers."""
        from foldwise.bundle.bundle import load_bundle  # Keras is slow to import

        return load_bundle(self._folders[name][version - 1]).predict(rows)

    def aliases(self, name: str) -> Mapping[str, int]:
        """The aliases of a name with their versions."""
        return dict(self._aliases.get(name, {}))

    def set_alias(self, name: str, alias: str, version: int) -> None:
        """Move an alias."""
        self._aliases[name][alias] = version

    def remove_alias(self, name: str, alias: str) -> None:
        """Remove an alias."""
        self._aliases[name].pop(alias, None)

    def _version(self, name: str, number: int) -> ModelVersion:
        aliases = tuple(alias for alias, version in self._aliases[name].items() if version == number)
        return ModelVersion(name, number, aliases, f"memory:/{name}/{number}")

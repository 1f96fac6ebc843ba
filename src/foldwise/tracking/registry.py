"""What a registry is: it keeps bundles by name and version, and names move between versions as aliases."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from foldwise.errors import ConfigError
from foldwise.ledger.rows import StudyRecord
from foldwise.trial.summary import RegisteredModel

if TYPE_CHECKING:
    import pandas as pd

FIRST, LATER = "champion", "challenger"


@dataclass(frozen=True)
class ModelVersion:
    """A registered bundle. uri is where MLflow finds it, `models:/<name>/<version>`."""

    name: str
    version: int
    aliases: tuple[str, ...]
    uri: str


def described(name: str, version: ModelVersion | None) -> RegisteredModel:
    """The model as a summary has it, registered or not yet."""
    if version is None:
        return RegisteredModel(name)
    return RegisteredModel(version.name, version.version, version.aliases, version.uri)


def idempotency_key_of(record: StudyRecord, trials: int) -> str:
    """The word under which a study that came to its end with so many trials registers its model once."""
    return f"{record.name} of {record.created.isoformat()} with {trials} trials"


class Registry(Protocol):
    """Keeps bundles."""

    def register(
        self, folder: Path, name: str, run_id: str | None, metrics: Mapping[str, float], idempotency_key: str | None = None
    ) -> ModelVersion:
        """Keeps the bundle in `folder` as the next version of a name, made by the run `run_id`, with its holdout metrics.

        The first version of a name becomes `champion`; later ones become `challenger`. A version that was registered before
        with the same word `idempotency_key` is handed back: whoever died after registering comes again.
        """
        ...

    def fetch(self, reference: str) -> Path:
        """A local folder with the bundle of `name@alias` or `name/version`.

        Raises:
            ConfigError: no such name, alias or version; says which there are.
        """
        ...

    def identity(self, name: str) -> str | None:
        """What tells a registered model from any other of that name, elsewhere or made later; None where there is none.

        Its versions are counted from 1 anew.
        """
        ...

    def number(self, reference: str) -> tuple[str, int]:
        """The name and the version that a reference means now.

        Raises:
            ConfigError: as `fetch`.
        """
        ...

    def answer(self, name: str, version: int, rows: Any) -> pd.DataFrame:
        """What a version answers to raw rows by the very code that serves it; whatever goes wrong there is raised."""
        ...

    def aliases(self, name: str) -> Mapping[str, int]:
        """The aliases of a name and their versions; none where there is no such name."""
        ...

    def set_alias(self, name: str, alias: str, version: int) -> None:
        """Moves an alias to a version, in one step."""
        ...

    def remove_alias(self, name: str, alias: str) -> None:
        """Takes an alias away."""
        ...


def read_reference(reference: str) -> tuple[str, str | None, int | None]:
    """Name, alias and version of `iris@champion` or `iris/3`; a bare name is its champion.

    Raises:
        ConfigError: it is written otherwise.
    """
    match = re.fullmatch(r"(?:models:/)?([A-Za-z0-9_-][A-Za-z0-9._-]{0,99})(?:@([A-Za-z0-9._-]+)|/(\d{1,9}))?", reference)
    if match is None:
        raise ConfigError("model", f"{reference!r} names no model; write name@alias or name/version, as in iris@champion")
    name, alias, version = match.groups()
    if version is not None:
        return name, None, int(version)
    return name, alias or FIRST, None

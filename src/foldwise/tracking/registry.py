"""The protocol of a registry: bundles by name and version, and aliases that move between versions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from foldwise.errors import ConfigError
from foldwise.ledger.rows import StudyRecord
from foldwise.trial.ensemble import EnsembleOutcome
from foldwise.trial.summary import RegisteredModel

if TYPE_CHECKING:
    import pandas as pd

FIRST, LATER = "champion", "challenger"


@dataclass(frozen=True)
class ModelVersion:
    """A registered bundle. uri is MLflow's address, `models:/<name>/<version>`."""

    name: str
    version: int
    aliases: tuple[str, ...]
    uri: str


@dataclass(frozen=True)
class Standing:
    """What its study found about a model.

    verdict: as a sentence. answer: in a word. leads: whether the model may become champion where there is none.
    data: the name of its data and the number of their rows, in words.
    """

    verdict: str = ""
    answer: str | None = None
    leads: bool = True
    data: str = ""


UNKNOWN = Standing()


def described(name: str, version: ModelVersion | None) -> RegisteredModel:
    """The model in a summary, registered or not yet."""
    if version is None:
        return RegisteredModel(name)
    return RegisteredModel(version.name, version.version, version.aliases, version.uri)


def is_registered(registry: Registry, reference: str) -> bool:
    """Whether the registry has the version `NAME/version`."""
    try:
        registry.number(reference)
    except ConfigError:
        return False
    return True


def idempotency_key_of(record: StudyRecord, winner: int, ensemble: EnsembleOutcome | None = None) -> str:
    """The key under which a study registers its best trial once; more trials or other ranges with the same winner add none.

    Within a study the number of a finished trial always stands for the same training. An ensemble that is the model has its
    members in the key.
    """
    trials = f"ensemble {ensemble.name}" if ensemble is not None and ensemble.shipped else f"trial {winner}"
    return f"{record.name} of {record.created.isoformat()}, {trials}"


class Registry(Protocol):
    """Keeps bundles by name and version."""

    def register(
        self,
        folder: Path,
        name: str,
        run_id: str | None,
        metrics: Mapping[str, float],
        idempotency_key: str | None = None,
        standing: Standing = UNKNOWN,
    ) -> ModelVersion:
        """Register the bundle in `folder` as the next version of a name, with the run that made it and its holdout metrics.

        The first version of a name becomes `champion` if it may; later ones become `challenger`. With a known
        `idempotency_key` the version that was registered with it is returned, so that a start after a crash does not register
        twice.
        """
        ...

    def fetch(self, reference: str) -> Path:
        """A local folder with the bundle of `name@alias` or `name/version`.

        Raises:
            ConfigError: unknown name, alias or version; lists the known ones.
        """
        ...

    def identity(self, name: str) -> str | None:
        """The identity of a registered model, None if unknown.

        It differs from that of any other model of the same name, in another registry or created later, whose versions count
        from 1 again.
        """
        ...

    def number(self, reference: str) -> tuple[str, int]:
        """The name and version that a reference currently stands for.

        Raises:
            ConfigError: as `fetch`.
        """
        ...

    def answer(self, name: str, version: int, rows: Any) -> pd.DataFrame:
        """The answers of a version to raw rows, by the code that serves it; any fault is raised."""
        ...

    def aliases(self, name: str) -> Mapping[str, int]:
        """The aliases of a name with their versions; empty for an unknown name."""
        ...

    def set_alias(self, name: str, alias: str, version: int) -> None:
        """Move an alias to a version, in one step."""
        ...

    def remove_alias(self, name: str, alias: str) -> None:
        """Remove an alias."""
        ...


def read_reference(reference: str) -> tuple[str, str | None, int | None]:
    """Name, alias and version of `iris@champion` or `iris/3`; a bare name is its champion.

    Raises:
        ConfigError: the reference has another form.
    """
    match = re.fullmatch(r"(?:models:/)?([A-Za-z0-9_-][A-Za-z0-9._-]{0,99})(?:@([A-Za-z0-9._-]+)|/(\d{1,9}))?", reference)
    if match is None:
        raise ConfigError("model", f"{reference!r} is not a model; write name@alias or name/version, as in iris@champion")
    name, alias, version = match.groups()
    if version is not None:
        return name, None, int(version)
    return name, alias or FIRST, None

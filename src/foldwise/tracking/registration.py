"""Record a registered version and its origin in the ledger; the first one becomes champion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from foldwise.bundle.checksums import hashes
from foldwise.errors import FoldwiseError, JobError
from foldwise.ledger.ledger import Ledger
from foldwise.ledger.model_versions import VersionRow
from foldwise.ledger.rows import StudyRecord
from foldwise.system.files import atomically
from foldwise.tracking.reconcile_champion import ChampionAlias
from foldwise.tracking.registry import ModelVersion, Registry

TRAINED = "trained.npz"


def write_trained(folder: Path, columns: Sequence[str], keys: npt.NDArray[np.float64]) -> None:
    """Write the keys of the rows that a study's model was trained on beside its bundle.

    Args:
        folder: the study's.
        columns: those that identify a row.
        keys: of these rows, (rows, keys).
    """

    def write(part: Path) -> None:
        with part.open("wb") as file:  # given a name, numpy would add its own suffix
            np.savez_compressed(file, columns=np.array(columns, dtype=np.str_), keys=np.unique(keys))

    atomically(folder / TRAINED, write)


def record_registration(
    version: ModelVersion,
    record: StudyRecord,
    source: str | None,
    folder: Path,
    ledger: Ledger,
    registry: Registry,
    notify: Callable[[str], None],
) -> None:
    """Record a registered version of a study's model; the first version of a name becomes champion.

    Args:
        version: from the registry.
        record: the study.
        source: the mark of the source of its rows.
        folder: of the study, with `bundle/` and `trained.npz`.
        ledger: gets the record.
        registry: has the version.
        notify: shows notes to the user.
    """
    champion_alias, path = ChampionAlias(ledger, registry, version.name, notify), folder / TRAINED
    columns, trained = None, None
    if path.exists():
        with np.load(path, allow_pickle=False) as kept:
            columns, trained = tuple(kept["columns"].tolist()), kept["keys"]
    row = VersionRow(
        champion_alias.key,
        version.version,
        record.name,
        record.data_fingerprint,
        source,
        _files(version, folder, registry),
        columns,
        trained,
        datetime.now(UTC),
    )
    ledger.versions.keep(row)
    try:
        if champion_alias.reconcile() is None:
            rule = (
                f"version {version.version} of {version.name} is not champion: promotion.require=better, and its verdict is not"
            )
            notify(f"{rule}; to use it all the same, set the alias champion on it in MLflow")
    except JobError as fault:  # the next call of `reconcile` settles it
        notify(str(fault))


def _files(version: ModelVersion, folder: Path, registry: Registry) -> dict[str, str]:
    """The hashes of what the registry has.

    A start after a kill between registration and ledger has made the bundle once more: the same network, in a file of another
    moment, whose hash the registered one would not have.
    """
    try:
        return hashes(registry.fetch(f"{version.name}/{version.version}"))
    except FoldwiseError:
        return hashes(folder / "bundle")

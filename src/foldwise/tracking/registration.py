"""A version that was registered is written down in the ledger, with what it was made from, and takes its place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from foldwise.bundle.checksums import hashes
from foldwise.errors import JobError
from foldwise.ledger.ledger import Ledger
from foldwise.ledger.model_versions import VersionRow
from foldwise.ledger.rows import StudyRecord
from foldwise.system.files import atomically
from foldwise.tracking.reconcile_champion import ChampionAlias
from foldwise.tracking.registry import ModelVersion, Registry

TRAINED = "trained.npz"


def write_trained(folder: Path, columns: Sequence[str], keys: npt.NDArray[np.float64]) -> None:
    """Keeps beside a study's bundle what the rows are known by that its model was trained on.

    Args:
        folder: the study's.
        columns: those that tell rows apart.
        keys: of these rows, (rows, keys).
    """

    def write(part: Path) -> None:
        with part.open("wb") as file:  # numpy would add its own ending to a name
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
    """Writes a registered version of a study's model down; the first of a name is its champion.

    Args:
        version: as the registry gave it back.
        record: the study.
        source: the mark of its rows.
        folder: of the study, with `bundle/` and `trained.npz`.
        ledger: where it is written.
        registry: where it was registered.
        notify: hears what a person should know.
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
        hashes(folder / "bundle"),
        columns,
        trained,
        datetime.now(UTC),
    )
    ledger.versions.keep(row)
    try:
        champion_alias.reconcile()
    except JobError as fault:  # the next one who asks for the champion settles it
        notify(str(fault))

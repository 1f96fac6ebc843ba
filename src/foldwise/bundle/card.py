"""The description of a bundle: `bundle.json`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from foldwise.bundle.card_rules import CardRules
from foldwise.data.profile import ColumnProfile
from foldwise.data.schema import Column, Schema
from foldwise.data.target_columns import TargetColumn
from foldwise.errors import JobError
from foldwise.evaluation.calibration import Calibration
from foldwise.models.heads import Head
from foldwise.spec.data import Reading
from foldwise.spec.stored import first_fault
from foldwise.system.judged_json import read_json
from foldwise.system.keras_backend import BACKENDS, USUAL, Backend

CARD = "bundle.json"
FORMAT, OF_ENSEMBLE, OF_SEVERAL = 4, 5, 6  # a bundle keeps the lowest format that can hold it, which earlier versions read
MOST_BYTES = 256 * 2**20
READ = (2, 3, 4, 5, 6)  # 2 has no hashes and no profile, 3 no calibration and no interval, 4 no ensemble, 5 one target


@dataclass(frozen=True)
class Interval:
    """An answer to a regression is within `half_width` of the true value in a share `coverage` of cases."""

    coverage: float
    half_width: float

    def around(self, answers: Any) -> dict[str, Any]:
        """`low` and `high` of an answer, or of several."""
        return {"low": answers - self.half_width, "high": answers + self.half_width}


@dataclass(frozen=True)
class Sample:
    """A raw row (column -> cell) and the bundle's scores for it."""

    row: Mapping[str, str | float | int | bool | None]
    scores: tuple[float, ...]


@dataclass(frozen=True)
class CardMember:
    """A trial of an ensemble. weight: how often its answers count in the mean. part: the place of its network's part."""

    trial: int
    weight: int
    part: int


@dataclass(frozen=True)
class CardPart:
    """The head and the features of a further network with a preparation of its own."""

    head: Head
    features: tuple[str, ...]


@dataclass(frozen=True)
class Ensemble:
    """Trials that answer together by their weighted mean.

    members: the trials. parts: the further parts, from place 1; members of one part are one network. Part 0 has the card's head
        and features.
    """

    members: tuple[CardMember, ...]
    parts: tuple[CardPart, ...] = ()

    @property
    def weights(self) -> tuple[int, ...]:
        """How often the answers of each part count."""
        return tuple(sum(one.weight for one in self.members if one.part == part) for part in range(len(self.parts) + 1))


@dataclass(frozen=True)
class Card:
    """The inputs and outputs of the network, how rows are read, the bundle's origin, and sample rows.

    threshold: of two labels, the answer is the second if its probability is above it.
    files: the SHA-256 of the network's and the preparation's file, of each part; empty in older bundles.
    ensemble: the trials that answer together; None if it is a single one.
    target_written: how the numbers of the target are written, if not plainly.
    row_cells: the cells of a row in a source without a header, whose columns are known by their places; 0 with a header.
    calibration: of the probabilities; None if they are the network's own.
    interval: of the answers of a regression; None if none was asked for, and in older bundles.
    profile: the distribution of each column of the development rows; empty for images and in older bundles.
    targets: of several numbers their columns, in the order of the labels, which are their names; () for all else.
    """

    study: str
    head: Head
    target: str
    features: tuple[str, ...]
    labels: tuple[str, ...]
    schema: Schema
    reading: Reading
    versions: Mapping[str, str]
    sample: tuple[Sample, ...]
    threshold: float = 0.5
    profile: tuple[ColumnProfile, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    target_written: str = ""
    row_cells: int = 0
    calibration: Calibration | None = None
    interval: Interval | None = None
    ensemble: Ensemble | None = None
    targets: tuple[TargetColumn, ...] = ()

    @property
    def target_names(self) -> tuple[str, ...]:
        """The columns that it predicts."""
        return tuple(column.name for column in self.targets) or (self.target,)

    @property
    def backend(self) -> Backend:
        """What Keras computed with when the network was trained; its library is among the versions."""
        return next((name for name in BACKENDS if name in self.versions and name != USUAL), USUAL)

    def with_sample(self, sample: tuple[Sample, ...]) -> Card:
        """The same card with these sample rows."""
        return replace(self, sample=sample)


def write_card(card: Card, path: Path) -> None:
    """Write a card as JSON, synced to disk."""
    number = OF_SEVERAL if card.targets else FORMAT if card.ensemble is None else OF_ENSEMBLE
    content = {"format": number, **asdict(card)}
    if card.ensemble is None:
        del content["ensemble"]
    if not card.targets:
        del content["targets"]
    for head in (content["head"], *(part["head"] for part in (content.get("ensemble") or {}).get("parts", ()))):
        if not head["weights"]:
            del head["weights"]
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    with path.open("w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())


def read_card(path: Path) -> Card:
    """The inverse of `write_card`.

    Raises:
        JobError: the file is missing, has another format, or a field breaks a rule of `card_rules`.
    """
    try:
        content: dict[str, Any] = dict(read_json(path, MOST_BYTES))
        number = content.pop("format")
        if number not in READ or isinstance(number, bool):
            shown = f"{ascii(number)[:40]}, and this foldwise reads {READ[0]} to {READ[-1]}"
            raise JobError(f"{path} has format {shown}; use the foldwise that wrote it")
        CardRules.model_validate(content)
        reading = content["reading"]
        return Card(
            **{
                **content,
                "head": _head(content["head"]),
                "features": tuple(content["features"]),
                "labels": tuple(content["labels"]),
                "schema": _schema(content["schema"]),
                "reading": Reading(**{**reading, "missing": tuple(reading["missing"])}),
                "sample": tuple(Sample(sample["row"], tuple(sample["scores"])) for sample in content["sample"]),
                "profile": tuple(_profile(column) for column in content.get("profile", ())),
                "calibration": _given(Calibration, content.get("calibration")),
                "interval": _given(Interval, content.get("interval")),
                "ensemble": _given(_ensemble, content.get("ensemble")),
                "targets": tuple(TargetColumn(**column) for column in content.get("targets", ())),
            }
        )
    except OSError as fault:
        raise JobError(f"{path.parent} holds no bundle: {path.name}: {fault.strerror}") from None
    except ValidationError as fault:
        raise JobError(f"{path} is not the card of a bundle: {first_fault(fault)}") from None
    except (ValueError, KeyError, TypeError) as fault:
        raise JobError(f"{path} is not the card of a bundle: {fault}") from None


def backend_of(folder: Path) -> Backend:
    """The backend that the bundle in a folder was trained on.

    Raises:
        JobError: as `read_card`.
    """
    return read_card(folder / CARD).backend


def _given(kind: Callable[..., Any], content: Mapping[str, Any] | None) -> Any:
    return None if content is None else kind(**content)


def _head(content: Mapping[str, Any]) -> Head:
    return Head(**{**content, "weights": tuple(content.get("weights", ()))})


def _ensemble(members: Sequence[Mapping[str, Any]], parts: Sequence[Mapping[str, Any]] = ()) -> Ensemble:
    further = tuple(CardPart(_head(part["head"]), tuple(part["features"])) for part in parts)
    return Ensemble(tuple(CardMember(**member) for member in members), further)


def _schema(content: Mapping[str, Any]) -> Schema:
    image = content.get("image")  # missing in bundles older than images
    columns = tuple(Column(**column) for column in content["columns"])
    return Schema(columns, None if image is None else tuple(image))


def _profile(content: Mapping[str, Any]) -> ColumnProfile:
    return ColumnProfile(**{**content, "edges": tuple(content["edges"]), "shares": tuple(content["shares"])})

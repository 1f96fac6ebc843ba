"""The artefact of a study, raw rows in and answers out: a folder with a network, a preparation and `bundle.json`."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.data.pixels import ImagePreparation, conform_images
from foldwise.data.prepare import AnyPreparation, Features
from foldwise.data.prepare_file import load_preparation, save_preparation
from foldwise.data.profile import profile_of
from foldwise.data.schema import conform
from foldwise.data.table import Table
from foldwise.errors import DataError, JobError
from foldwise.models.heads import THRESHOLD, Head, label_codes, to_predictions
from foldwise.tracking.bundle_card import Card, Reading, Sample, read_card, write_card

NETWORK, PREPARATION, CARD = "network.keras", "preparation.json", "bundle.json"
SAMPLES = 5
TOLERANCE = 1e-5
# Rows go through the network in blocks of this size, the last one filled up with zeros: so what a row gets does not depend
# on how many others came with it, as it would in the last bits where the shape of a matrix product chooses its algorithm.
BLOCK = 256
LIBRARIES = ("foldwise", "keras", "tensorflow", "numpy", "pandas", "scikit-learn")

Floats = npt.NDArray[np.float64]
Raw = pd.DataFrame | npt.NDArray[np.uint8]
IMAGE = "image"  # in a sample row: its pixels as base64


@dataclass(frozen=True, eq=False)
class Bundle:
    """A network with all that it needs to answer raw rows, and what is known about it."""

    card: Card
    preparation: AnyPreparation
    network: keras.Model

    def predict(self, rows: Raw) -> pd.DataFrame:
        """Answers raw rows: columns in any order, further ones ignored, levels never seen allowed.

        Args:
            rows: (rows, at least the columns of the schema), as read from a file or from JSON; or images of uint8, (rows,
                height, width, channels).

        Returns:
            (rows, 1 + labels) with the index of `rows`: `prediction`, a label or a number, and `p_<label>` for classes.

        Raises:
            DataError: a column is missing, or a number column holds a word, or images are of another size.
        """
        scores = self.scores(rows)
        labels = self.card.labels
        index = rows.index if isinstance(rows, pd.DataFrame) else pd.RangeIndex(len(scores))
        if not labels:
            return pd.DataFrame({"prediction": scores}, index=index)
        answers: dict[str, object] = {"prediction": np.array(labels, dtype=object)[label_codes(scores, self.card.threshold)]}
        answers.update({f"p_{label}": scores[:, place] for place, label in enumerate(labels)})
        return pd.DataFrame(answers, index=index)

    def scores(self, rows: Raw) -> Floats:
        """What metrics are computed from.

        Returns:
            Probabilities (rows, labels), or the target in its own unit (rows,) for regression.
        """
        outputs = _forward(self.network, self._features(rows))
        return to_predictions(self.card.head, outputs, self.preparation.target)

    def sample_rows(self) -> Raw:
        """The raw rows that it was saved with."""
        return _raw(self.card, [sample.row for sample in self.card.sample])

    def _features(self, rows: Raw) -> Features:
        image, reading = self.card.schema.image, self.card.reading
        if isinstance(self.preparation, ImagePreparation):
            if image is None or isinstance(rows, pd.DataFrame):
                raise DataError("the model takes images, an array (rows, height, width, channels) of uint8, and no columns")
            return self.preparation.rows(conform_images(rows, image))
        if not isinstance(rows, pd.DataFrame):
            raise DataError(f"the model takes the columns {', '.join(self.card.schema.names)}, and no images")
        return self.preparation.transform(conform(rows, self.card.schema, decimal=reading.decimal, missing=reading.missing))


def save_bundle(
    folder: Path,
    *,
    network: keras.Model,
    preparation: AnyPreparation,
    table: Table,
    head: Head,
    reading: Reading,
    study: str,
    threshold: float = THRESHOLD,
) -> Bundle:
    """Writes a bundle and reads it again, so that what stands on disk is known to answer as the network in memory does.

    Args:
        folder: where; an earlier bundle there is replaced in one step.
        network: the trained network, features in, outputs of the head out.
        preparation: the fitted preparation, of features and target.
        table: the development rows; schema, labels, profile and the sample rows come from it.
        head: what the outputs mean.
        reading: how the source's cells were read.
        study: the study's name.
        threshold: of two labels, the second is the answer where its probability is above it.

    Raises:
        JobError: what was read back answers otherwise.
    """
    schema = table.schema.only(preparation.columns)
    card = Card(
        study=study,
        head=head,
        target=table.target_name,
        features=preparation.features,
        labels=table.labels,
        schema=schema,
        reading=reading,
        versions=_versions(),
        sample=(),
        threshold=threshold,
        profile=profile_of(table.frame, schema),
    )
    card = card.with_sample(_sample(Bundle(card, preparation, network), table))
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir()
        network.save(part / NETWORK)
        save_preparation(preparation, part / PREPARATION)
        write_card(card, part / CARD)
        bundle = load_bundle(part)
        _put_in_place(part, folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return bundle


def load_bundle(folder: Path) -> Bundle:
    """The bundle in a folder, after it has answered its own sample rows as it did when it was made.

    Raises:
        JobError: the folder holds no bundle, or its answers differ by more than 1e-5.
    """
    card = read_card(folder / CARD)
    try:
        network = keras.saving.load_model(folder / NETWORK, compile=False, safe_mode=True)
    except (OSError, ValueError, TypeError) as fault:
        first = (str(fault).strip().splitlines() or [type(fault).__name__])[0]
        raise JobError(f"{folder / NETWORK} cannot be loaded: {first}") from None
    bundle = Bundle(card, load_preparation(folder / PREPARATION), network)
    _check_sample(bundle, folder)
    return bundle


def _forward(network: keras.Model, features: Features) -> Floats:
    """The network's outputs (rows, outputs), block by block."""
    outputs = []
    for start in range(0, len(features), BLOCK):
        block = features[start : start + BLOCK]
        filled = np.zeros((BLOCK, features.shape[1]), dtype=np.float32)
        filled[: len(block)] = block
        outputs.append(np.asarray(keras.ops.convert_to_numpy(network(filled, training=False)))[: len(block)])
    width = int(network.output_shape[-1])
    return np.concatenate(outputs).astype(np.float64) if outputs else np.empty((0, width))


def _sample(bundle: Bundle, table: Table) -> tuple[Sample, ...]:
    """A few rows spread over the table, and what the bundle answers to each of them alone."""
    places = {round(share * (len(table) - 1)) for share in np.linspace(0.0, 1.0, SAMPLES)} if len(table) else set()
    rows = (_sample_row(bundle.card, table, place) for place in sorted(places))
    return tuple(Sample(row, tuple(float(x) for x in np.ravel(bundle.scores(_raw(bundle.card, [row]))))) for row in rows)


def _sample_row(card: Card, table: Table, place: int) -> dict[str, str | float | int | bool | None]:
    """A row as JSON can hold it."""
    if table.images is not None:
        return {IMAGE: base64.b64encode(table.images[place].tobytes()).decode()}
    return {name: _cell(table.raw[name].iloc[place]) for name in card.schema.names}


def _raw(card: Card, rows: Sequence[Mapping[str, Any]]) -> Raw:
    """Sample rows as they were."""
    if card.schema.image is None:
        return pd.DataFrame([dict(row) for row in rows], dtype=object)
    pixels = b"".join(base64.b64decode(row[IMAGE]) for row in rows)
    return np.frombuffer(pixels, dtype=np.uint8).reshape(len(rows), *card.schema.image)


def _cell(value: Any) -> str | float | int | bool | None:
    """A raw cell as JSON can hold it."""
    if hasattr(value, "item"):
        value = value.item()
    if pd.isna(value):
        return None
    return value if isinstance(value, (str, float, int, bool)) else str(value)


def _check_sample(bundle: Bundle, folder: Path) -> None:
    if not bundle.card.sample:
        return
    rows = _raw(bundle.card, [sample.row for sample in bundle.card.sample])
    expected = np.array([sample.scores for sample in bundle.card.sample])
    got = bundle.scores(rows).reshape(expected.shape)
    worst = float(np.max(np.abs(got - expected) / np.maximum(1.0, np.abs(expected))))
    if not worst <= TOLERANCE:
        rule = f"its answers to its own sample rows differ by {worst:.2g} from those it was saved with"
        raise JobError(
            f"{folder}: {rule}; a file was changed or a library computes otherwise (made with {_shown(bundle.card.versions)})"
        )


def _shown(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in versions.items())


def _versions() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # such as tensorflow where tensorflow-cpu stands for it
            continue
    return found


def _put_in_place(part: Path, folder: Path) -> None:
    """Gives a finished folder its name; a reader sees the old bundle or the new one."""
    old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
    if folder.exists():
        folder.replace(old)
    part.replace(folder)
    shutil.rmtree(old, ignore_errors=True)

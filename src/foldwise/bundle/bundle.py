"""The artefact of a study, raw rows in and answers out: a folder with a network, a preparation and `bundle.json`."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.bundle.card import Card, Reading, Sample, read_card, write_card
from foldwise.bundle.checksums import check, hash_of
from foldwise.bundle.libraries import as_words, other_libraries, versions_here
from foldwise.bundle.network_file import check_network
from foldwise.bundle.sample_rows import as_raw, sample_row
from foldwise.data.preparation.file import load_preparation, save_preparation
from foldwise.data.preparation.fold import AnyPreparation, Features, Preparation
from foldwise.data.preparation.pixels import ImagePreparation, conform_images
from foldwise.data.profile import profile_of
from foldwise.data.schema import conform
from foldwise.data.serving_rules import FLAGS, flags
from foldwise.data.table import Table
from foldwise.errors import DataError, JobError
from foldwise.models.heads import THRESHOLD, Head, label_codes, to_predictions
from foldwise.system.files import whole_folder
from foldwise.system.redact import first_line

NETWORK, PREPARATION, CARD = "network.keras", "preparation.json", "bundle.json"
SAMPLES = 5
TOLERANCE = 1e-5
# Rows go through the network in blocks of this size, the last one filled up with zeros: so what a row gets does not depend
# on how many others came with it, as it would in the last bits where the shape of a matrix product chooses its algorithm.
BLOCK = 256

Floats = npt.NDArray[np.float64]
Raw = pd.DataFrame | npt.NDArray[np.uint8]
Conformed = pd.DataFrame | npt.NDArray[np.uint8]


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
            (rows, 1 + labels + 1) with the index of `rows`: `prediction`, a label or a number, `p_<label>` for classes, and for
            tables `flags`, what is unusual in the row.

        Raises:
            DataError: a column is missing, or a number column holds a word, or images are of another size; all rules are in
                `data.row_rules`.
        """
        given = self._conformed(rows)
        scores = self._scores(given)
        labels = self.card.labels
        index = rows.index if isinstance(rows, pd.DataFrame) else pd.RangeIndex(len(scores))
        answers: dict[str, object] = {"prediction": scores}
        if labels:
            answers["prediction"] = np.array(labels, dtype=object)[label_codes(scores, self.card.threshold)]
            answers.update({f"p_{label}": scores[:, place] for place, label in enumerate(labels)})
        if isinstance(given, pd.DataFrame):
            answers[FLAGS] = self._flags(given)
        return pd.DataFrame(answers, index=index)

    def answer(self, row: Mapping[str, Any] | npt.NDArray[np.uint8]) -> dict[str, Any]:
        """Answers one row within milliseconds, as `predict` answers it.

        Args:
            row: column -> cell; or an image of uint8, (height, width, channels).

        Returns:
            What `predict` has in its columns. A table's numbers are the same to the last bit. A network with more than dense
            layers looks at the row alone instead of in a block, so of images the last bits may differ (at most by 1e-6).

        Raises:
            DataError: as `predict`.
        """
        given = self._conformed(pd.DataFrame([row], dtype=object) if isinstance(row, Mapping) else row[None])
        scores = self._scores(given, 1 if self._is_deep else BLOCK)[0]
        if not self.card.labels:
            answer: dict[str, Any] = {"prediction": float(scores)}
        else:
            answer = {"prediction": self.card.labels[int(label_codes(scores[None], self.card.threshold)[0])]}
            answer.update(zip((f"p_{label}" for label in self.card.labels), scores.tolist(), strict=True))
        return {**answer, FLAGS: self._flags(given)[0]} if isinstance(given, pd.DataFrame) else answer

    def scores(self, rows: Raw) -> Floats:
        """What metrics are computed from.

        Returns:
            Probabilities (rows, labels), or the target in its own unit (rows,) for regression.
        """
        return self._scores(self._conformed(rows))

    def sample_rows(self) -> Raw:
        """The raw rows that it was saved with."""
        return as_raw(self.card.schema, [sample.row for sample in self.card.sample])

    def export(self, folder: Path | str, format: str = "saved_model") -> Path:
        """Writes the network for others to serve, as saved_model, litert or onnx; more in `bundle.export`."""
        from foldwise.bundle.export import export

        return export(self.network, self.preparation, self.card, self.sample_features, Path(folder), format)

    @cached_property
    def _is_deep(self) -> bool:
        """Whether a layer sees a row as more than a list of numbers, as convolutions do: a block of 256 takes long then."""
        return any(_rank(layer) > 2 for layer in self.network.layers)

    def _conformed(self, rows: Raw) -> Conformed:
        """Raw rows as the preparation takes them."""
        image, reading = self.card.schema.image, self.card.reading
        if image is not None:
            if isinstance(rows, pd.DataFrame):
                raise DataError("the model takes images, an array (rows, height, width, channels) of uint8, and no columns")
            return conform_images(rows, image)
        if not isinstance(rows, pd.DataFrame):
            raise DataError(f"the model takes the columns {', '.join(self.card.schema.names)}, and no images")
        return conform(rows, self.card.schema, decimal=reading.decimal, missing=reading.missing)

    @property
    def sample_features(self) -> npt.NDArray[np.float32]:
        """The card's sample rows as the network takes them, (rows, features)."""
        return np.asarray(self._features(self._conformed(self.sample_rows())))

    def _features(self, given: Conformed) -> Features:
        if isinstance(self.preparation, ImagePreparation):
            return self.preparation.rows(np.asarray(given))
        assert isinstance(given, pd.DataFrame)
        return self.preparation.transform(given)

    def _scores(self, given: Conformed, block: int = BLOCK) -> Floats:
        outputs = _forward(self.network, self._features(given), block)
        return to_predictions(self.card.head, outputs, self.preparation.target)

    def _flags(self, given: pd.DataFrame) -> npt.NDArray[np.object_]:
        assert isinstance(self.preparation, Preparation)
        return flags(given, self.card.profile, self.preparation.categories)


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
        versions=versions_here(),
        sample=(),
        threshold=threshold,
        profile=profile_of(table.frame, schema),
    )
    card = card.with_sample(_sample(Bundle(card, preparation, network), table))
    with whole_folder(folder, replace=True) as part:
        network.save(part / NETWORK)
        save_preparation(preparation, part / PREPARATION)
        write_card(replace(card, files={name: hash_of(part / name) for name in (NETWORK, PREPARATION)}), part / CARD)
        return load_bundle(part)


def load_bundle(folder: Path, files: Mapping[str, str] | None = None, notify: Callable[[str], object] | None = None) -> Bundle:
    """The bundle in a folder, after it has answered its own sample rows as it did when it was made.

    Args:
        folder: where it is.
        files: the hashes of all its files as they were registered; None: those that its own card holds are looked at.
        notify: is told where the libraries are others than it was made with; by default Python's warnings are.

    Raises:
        JobError: the folder holds no bundle, a file was changed, the network is more than Keras's own parts, or its answers
            differ by more than 1e-5.
    """
    if files is not None:
        check(folder, files)
    card = read_card(folder / CARD)
    for name, expected in card.files.items():
        if hash_of(folder / name) != expected:
            raise JobError(f"{folder / name} is not the file that the bundle was saved with, so it is not loaded")
    if said := other_libraries(card.versions):
        (notify or (lambda sentence: warnings.warn(sentence, stacklevel=3)))(f"{folder}: {said}")
    check_network(folder / NETWORK)
    try:
        network = keras.saving.load_model(folder / NETWORK, compile=False, safe_mode=True)
    except (OSError, ValueError, TypeError) as fault:
        raise JobError(f"{folder / NETWORK} cannot be loaded: {first_line(fault)}") from None
    network.jit_compile = False  # compiling takes longer than many answers
    bundle = Bundle(card, load_preparation(folder / PREPARATION), network)
    _check_sample(bundle, folder)
    return bundle


def _forward(network: keras.Model, features: Features, size: int) -> Floats:
    """The network's outputs (rows, outputs), block by block."""
    outputs = []
    for start in range(0, len(features), size):
        block = features[start : start + size]
        filled = np.zeros((size, features.shape[1]), dtype=np.float32)
        filled[: len(block)] = block
        outputs.append(network.predict_on_batch(filled)[: len(block)])
    width = int(network.output_shape[-1])
    return np.concatenate(outputs).astype(np.float64) if outputs else np.empty((0, width))


def _rank(layer: keras.Layer) -> int:
    """How many axes a layer's output has; 0 where it stands in several places and so has several."""
    try:
        return len(layer.output.shape)
    except (AttributeError, ValueError):
        return 0


def _sample(bundle: Bundle, table: Table) -> tuple[Sample, ...]:
    """A few rows spread over the table, and what the bundle answers to each of them alone."""
    places = {round(share * (len(table) - 1)) for share in np.linspace(0.0, 1.0, SAMPLES)} if len(table) else set()
    schema = bundle.card.schema
    rows = [sample_row(schema, table, place) for place in sorted(places)]
    return tuple(Sample(row, tuple(np.ravel(bundle.scores(as_raw(schema, [row]))).tolist())) for row in rows)


def _check_sample(bundle: Bundle, folder: Path) -> None:
    if not bundle.card.sample:
        return
    rows = bundle.sample_rows()
    expected = np.array([sample.scores for sample in bundle.card.sample])
    got = bundle.scores(rows).reshape(expected.shape)
    worst = float(np.max(np.abs(got - expected) / np.maximum(1.0, np.abs(expected))))
    if not worst <= TOLERANCE:
        rule = f"its answers to its own sample rows differ by {worst:.2g} from those it was saved with"
        raise JobError(
            f"{folder}: {rule}; a file was changed or a library computes otherwise (made with {as_words(bundle.card.versions)})"
        )

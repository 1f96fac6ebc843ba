"""The artefact of a study, which answers raw rows: a folder with a network, a preparation and `bundle.json`.

That of an ensemble has further networks where preparations differ, each with its own in a folder `part_2`, `part_3`, ...
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.bundle.agreement import check_agreement
from foldwise.bundle.card import CARD, Card, CardPart, Ensemble, Interval, Sample, read_card, write_card
from foldwise.bundle.checksums import check, hash_of
from foldwise.bundle.libraries import as_words, other_libraries, versions_here
from foldwise.bundle.network_file import check_network
from foldwise.bundle.network_size import size_fault
from foldwise.bundle.part import BLOCK, Conformed, Floats, Part
from foldwise.bundle.sample_rows import as_raw, sample_row
from foldwise.data.preparation.encode import Levels
from foldwise.data.preparation.file import load_preparation, save_preparation
from foldwise.data.preparation.fold import AnyPreparation, Preparation
from foldwise.data.preparation.pixels import conform_images
from foldwise.data.profile import profile_of
from foldwise.data.schema import conform
from foldwise.data.serving_rules import FLAGS, flags
from foldwise.data.table import Table
from foldwise.errors import DataError, FoldwiseError, JobError
from foldwise.evaluation.calibration import Calibration
from foldwise.evaluation.greedy import weighted_mean
from foldwise.models.heads import THRESHOLD, Head, label_codes
from foldwise.spec.data import Reading
from foldwise.system.files import whole_folder
from foldwise.system.numbers import counted
from foldwise.system.redact import first_line
from foldwise.tasks.table import task_of
from foldwise.tasks.task import Task

NETWORK, PREPARATION = "network.keras", "preparation.json"
SAMPLES = 5
TOLERANCE = 1e-5

Raw = pd.DataFrame | npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False, repr=False)
class Bundle:
    """A network with everything that it needs to answer raw rows.

    others: of an ensemble, the further networks with preparations of their own; the card has the weights.
    """

    card: Card
    preparation: AnyPreparation
    network: keras.Model
    others: tuple[Part, ...] = ()

    @property
    def _task(self) -> Task:
        return task_of(self.card.head.task)

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """All networks with their preparations."""
        return (Part(self.network, self.preparation, self.card.head), *self.others)

    def __repr__(self) -> str:
        card, image = self.card, self.card.schema.image
        takes = counted(len(card.schema.names), "column") if image is None else " x ".join(map(str, image))
        labels = f", {counted(len(card.labels), 'label')}" if card.labels else ""
        numbers = counted(self.network.count_params(), "parameter")
        return f"<bundle of study {card.study}: {takes} -> {card.target}, {card.head.task}{labels}; {numbers}>"

    def predict(self, rows: Raw) -> pd.DataFrame:
        """Answer raw rows: columns in any order, extra columns ignored, unseen levels allowed.

        Args:
            rows: (rows, at least the columns of the schema), as read from a file or from JSON; or images of uint8, (rows,
                height, width, channels).

        Returns:
            One row each with the index of `rows`: `prediction`, a label or a number, or a column for each of several numbers
            under its own name; `p_<label>` for classes; `low` and `high`
            for numbers, between which the true value is in the share of cases that the card says, if it has an interval; and
            for tables `flags`, which names unusual cells.

        Raises:
            DataError: a column is missing, a number column has text, or images have another size; all rules are in
                `data.row_rules`.
        """
        return self.in_words(rows, self.scores(rows))

    def in_words(self, rows: Raw, scores: Floats) -> pd.DataFrame:
        """The answers of `predict` to rows whose scores are known."""
        given = self._conformed(rows)
        index = rows.index if isinstance(rows, pd.DataFrame) else pd.RangeIndex(len(scores))
        answers = self._task.answers(scores, self.card.labels, self.card.threshold)
        if self.card.interval is not None:
            answers.update(self.card.interval.around(scores))
        if isinstance(given, pd.DataFrame):
            answers[FLAGS] = self._flags(given)
        return pd.DataFrame(answers, index=index)

    def answer(self, row: Mapping[str, Any] | npt.NDArray[np.uint8]) -> dict[str, Any]:
        """Answer one row within milliseconds, as `predict` does.

        Args:
            row: column -> cell; or an image of uint8, (height, width, channels).

        Returns:
            The columns of `predict`. For tables the numbers are the same to the last bit. A network with more than dense layers
            gets the row alone instead of in a block, so for images the last bits can differ (by at most 1e-6).

        Raises:
            DataError: as `predict`.
        """
        given = self._conformed(pd.DataFrame([row], dtype=object) if isinstance(row, Mapping) else row[None])
        scores = self._scores(given, 1 if self._is_deep else BLOCK)[0]
        answer: dict[str, Any]
        if self._task.of_pictures or self.card.targets:
            answer = {name: cells[0] for name, cells in self._task.answers(scores[None], self.card.labels).items()}
        elif not self.card.labels:
            answer = {"prediction": float(scores)}
            if self.card.interval is not None:
                answer.update(self.card.interval.around(float(scores)))
        else:
            answer = {"prediction": self.card.labels[int(label_codes(scores[None], self.card.threshold)[0])]}
            answer.update(zip((f"p_{label}" for label in self.card.labels), scores.tolist(), strict=True))
        return {**answer, FLAGS: self._flags(given)[0]} if isinstance(given, pd.DataFrame) else answer

    def scores(self, rows: Raw) -> Floats:
        """The scores that metrics are computed from.

        Returns:
            Probabilities (rows, labels), the target in its own unit (rows,) for regression, (rows, numbers) for several, or
            masks or boxes; see `tasks.task.Task`.
        """
        return self._scores(self._conformed(rows))

    def sample_scores(self, rows: Raw) -> Floats:
        """What the card keeps of answers to sample rows: the scores, or of masks and boxes the mean outputs."""
        return self.parts[0].mean_outputs(self._conformed(rows)) if self._task.of_pictures else self.scores(rows)

    def sample_rows(self) -> Raw:
        """The raw sample rows in the card."""
        return as_raw(self.card.schema, [sample.row for sample in self.card.sample])

    def export(self, folder: Path | str, format: str = "saved_model") -> Path:
        """Export the network as saved_model, litert or onnx; see `bundle.export`."""
        from foldwise.bundle.export import check_one_graph, export

        check_one_graph(self.card)
        return export(self.network, self.preparation, self.card, self.sample_features, Path(folder), format)

    @cached_property
    def _is_deep(self) -> bool:
        return any(part.is_deep for part in self.parts)

    def _conformed(self, rows: Raw) -> Conformed:
        """Raw rows as the preparation expects them."""
        image, reading = self.card.schema.image, self.card.reading
        if image is not None:
            if isinstance(rows, pd.DataFrame):
                raise DataError("the model takes images, not columns; pass an array (rows, height, width, channels) of uint8")
            return conform_images(rows, image)
        if not isinstance(rows, pd.DataFrame):
            raise DataError(f"the model takes columns, not images; pass a DataFrame with {', '.join(self.card.schema.names)}")
        join = reading.join_levels
        return conform(rows, self.card.schema, decimal=reading.decimal, missing=reading.missing, join=join)

    @property
    def sample_features(self) -> npt.NDArray[np.float32]:
        """The card's sample rows as features of the network, (rows, features)."""
        return np.asarray(self.parts[0].features(self._conformed(self.sample_rows())))

    def _scores(self, given: Conformed, block: int = BLOCK) -> Floats:
        weights = (1,) if self.card.ensemble is None else self.card.ensemble.weights
        each = [part.scores(given, block) for part in self.parts]
        scores = each[0] if len(each) == 1 else weighted_mean(each, weights)
        return scores if self.card.calibration is None else self.card.calibration.apply(scores)

    def scores_of(self, conformed: Conformed, block: int = BLOCK) -> Floats:
        """As `scores`, for rows that have the types of the schema already; block: how many go through a network at once."""
        return self._scores(conformed, block)

    def _flags(self, given: pd.DataFrame) -> npt.NDArray[np.object_]:
        return flags(given, self.card.profile, self._categories)

    @cached_property
    def _categories(self) -> tuple[Levels, ...]:
        """The levels of the training rows by column; all parts were fitted on the same rows."""
        found = {}
        for part in self.parts:
            assert isinstance(part.preparation, Preparation)
            found.update({levels.name: levels for levels in part.preparation.categories})
        return tuple(found.values())


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
    calibration: Calibration | None = None,
    interval: Interval | None = None,
    others: Sequence[Part] = (),
    ensemble: Ensemble | None = None,
) -> Bundle:
    """Write a bundle and load it again, to check that the files on disk answer as the network in memory does.

    Args:
        folder: the place; an earlier bundle there is replaced in one step.
        network: the trained network, from features to the head's outputs.
        preparation: the fitted preparation, of features and target.
        table: the development rows, for schema, labels, profile and sample rows.
        head: the meaning of the outputs.
        reading: how the source's cells were read.
        study: the study's name.
        threshold: of two labels, the answer is the second if its probability is above it.
        calibration: of its probabilities.
        interval: of its answers to a regression.
        others: of an ensemble, the further networks with preparations of their own.
        ensemble: its members, with the place of the part that each is in.

    Raises:
        JobError: the loaded bundle gives different answers.
    """
    parts = (Part(network, preparation, head), *others)
    schema = table.schema.only(frozenset[str]().union(*(part.preparation.columns for part in parts)))
    further = tuple(CardPart(part.head, part.preparation.features) for part in others)
    card = Card(
        study=study,
        head=head,
        target=table.target_name,
        features=preparation.features,
        labels=table.class_names,
        schema=schema,
        reading=reading,
        versions=versions_here(keras.backend.backend()),
        sample=(),
        threshold=threshold,
        profile=profile_of(table.frame, schema),
        target_written=table.written.get(table.target_name, ""),
        calibration=calibration,
        interval=interval,
        ensemble=None if ensemble is None else replace(ensemble, parts=further),
        targets=table.targets,
        row_cells=0 if reading.header or table.images is not None else table.raw.shape[1] + max(1, len(table.targets)),
    )
    card = card.with_sample(_sample(Bundle(card, preparation, network, tuple(others)), table))
    with whole_folder(folder, replace=True) as made:
        for place, part in enumerate(parts):
            (made / _folder(place)).mkdir(exist_ok=True)
            part.network.save(made / _folder(place) / NETWORK)
            save_preparation(part.preparation, made / _folder(place) / PREPARATION)
        write_card(replace(card, files={name: hash_of(made / name) for name in _files(card)}), made / CARD)
        return load_bundle(made)


def load_bundle(folder: Path, files: Mapping[str, str] | None = None, notify: Callable[[str], object] | None = None) -> Bundle:
    """Load the bundle in a folder, and check that it still gives the card's answers to its sample rows.

    Args:
        folder: of the bundle.
        files: the registered hashes of all its files; None checks the hashes in its own card.
        notify: called if library versions differ from those it was made with; by default a Python warning.

    Raises:
        JobError: the folder holds no bundle, a file was changed, the network has parts that are not Keras's, or its answers
            differ by more than 1e-5.
    """
    if files is not None:
        check(folder, files)
    card = read_card(folder / CARD)
    names = _files(card)
    if (card.files or card.ensemble) and set(card.files) != set(names):
        raise JobError(f"{folder / CARD} must have the hashes of {' and '.join(names)} alone, so it is not loaded")
    for name, expected in card.files.items():
        if hash_of(folder / name) != expected:
            raise JobError(f"{folder / name} was changed since the bundle was saved, so it is not loaded; restore the bundle")
    if difference := other_libraries(card.versions):
        (notify or (lambda sentence: warnings.warn(sentence, stacklevel=3)))(f"{folder}: {difference}")
    preparations = [load_preparation(folder / _folder(place) / PREPARATION) for place in range(len(names) // 2)]
    check_agreement(folder, card, preparations)
    heads = (card.head, *(part.head for part in (card.ensemble.parts if card.ensemble else ())))
    parts = [
        Part(_load_network(folder / _folder(place) / NETWORK, len(preparation.features), head), preparation, head)
        for place, (preparation, head) in enumerate(zip(preparations, heads, strict=True))
    ]
    bundle = Bundle(card, parts[0].preparation, parts[0].network, tuple(parts[1:]))
    _check_sample(bundle, folder)
    return bundle


def _folder(part: int) -> str:
    """Where the files of a part are, below the bundle's folder."""
    return f"part_{part + 1}" if part else ""


def _files(card: Card) -> list[str]:
    """The files of all parts, by their paths in the bundle's folder: network and preparation of each."""
    parts = 1 + len(card.ensemble.parts if card.ensemble else ())
    return [(Path(_folder(part)) / name).as_posix() for part in range(parts) for name in (NETWORK, PREPARATION)]


def _load_network(path: Path, features: int, head: Head) -> keras.Model:
    """Load a network from a file that was checked, with this number of features and this head."""
    file = check_network(path)
    try:
        if rule := size_fault(file, features, head.units, axes=3 if task_of(head.task).of_pictures else 1):
            raise JobError(f"{path} {rule}, so it is not loaded")
        network = keras.saving.load_model(path, compile=False, safe_mode=True)
    except FoldwiseError:
        raise
    except Exception as fault:  # noqa: BLE001 Keras raises anything where a configuration makes no sense
        reason = first_line(fault) or type(fault).__name__
        raise JobError(f"{path} cannot be loaded: {reason}") from None
    network.jit_compile = False  # compiling takes longer than it saves
    return network


def _sample(bundle: Bundle, table: Table) -> tuple[Sample, ...]:
    """A few rows spread over the table, and the bundle's scores for each one alone."""
    places = {round(share * (len(table) - 1)) for share in np.linspace(0.0, 1.0, SAMPLES)} if len(table) else set()
    schema = bundle.card.schema
    rows = [sample_row(schema, table, place) for place in sorted(places)]
    return tuple(Sample(row, tuple(np.ravel(bundle.sample_scores(as_raw(schema, [row]))).tolist())) for row in rows)


def _check_sample(bundle: Bundle, folder: Path) -> None:
    if not bundle.card.sample:
        return
    rows = bundle.sample_rows()
    expected = np.array([sample.scores for sample in bundle.card.sample])
    got = bundle.sample_scores(rows).reshape(expected.shape)
    worst = float(np.max(np.abs(got - expected) / np.maximum(1.0, np.abs(expected))))
    if not worst <= TOLERANCE:
        rule = f"its answers to its own sample rows differ by {worst:.2g} from those it was saved with"
        raise JobError(
            f"{folder}: {rule}; a file was changed, or a library version gives different results (made with "
            f"{as_words(bundle.card.versions)})"
        )

"""Answer the raw rows of a file into another file, and score them if the target is among the columns."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from foldwise.errors import ConfigError, DataError
from foldwise.spec.data import CsvData
from foldwise.spec.goal import CLASSES
from foldwise.spec.services import PredictSpec
from foldwise.tasks.table import task_of

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from foldwise.bundle.bundle import Bundle, Raw
    from foldwise.bundle.card import Card
    from foldwise.tasks.task import Put

FORMATS = (".csv", ".parquet")
# Multiples of the network's block, so that a row shares its block with the same rows as without chunks.
ROWS_AT_ONCE = 100 * 256
IMAGES_AT_ONCE = 4 * 256


class Teller(Protocol):
    """Shows the progress of an answer job."""

    def note(self, sentence: str) -> None: ...  # noqa: D102 the name says it
    def answering(self, total: int) -> AbstractContextManager[Callable[[int], None]]: ...  # noqa: D102
    def scored(  # noqa: D102
        self, metrics: Mapping[str, float], confusion: Sequence[Sequence[int]] | None, labels: Sequence[str]
    ) -> None: ...


def check_files(asked: PredictSpec) -> None:
    """Raise ConfigError if a file cannot be read or written, before anything slow begins."""
    source, target = Path(asked.input), Path(asked.output)
    if not source.exists():
        raise ConfigError("input", f"{asked.input} is neither a file nor a folder of pictures")
    if target.suffix not in FORMATS:
        raise ConfigError("output", f"{asked.output} must end in .csv or .parquet")
    if target.is_dir():
        raise ConfigError("output", f"{asked.output} is a folder; name a file")
    if target.resolve() == source.resolve():
        raise ConfigError("output", "must not be the input")
    folder = target.resolve().parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise ConfigError("output", f"{folder} is not a writable folder")


def answer_file(asked: PredictSpec, load: Callable[[], Bundle], teller: Teller) -> None:
    """Answer the rows of `asked.input` into `asked.output`: row (zero-based), prediction, p_<label> for classes, and flags.

    Masks or boxes go into a folder beside it, which has the name of that file without its ending; of masks
    `prediction` names the file.

    Pictures also have their path as `file`, and no flags. In CSV, text that a spreadsheet would run as a formula has a leading
    quote. Rows are read, answered and written in chunks; the file appears when all are written.

    Raises:
        DataError: a column is missing, a cell does not fit the model, or an image cannot be read.
    """
    import numpy as np

    from foldwise.data.formula_text import escaped
    from foldwise.system.files import atomically

    bundle, target = load(), Path(asked.output)
    card = bundle.card
    reading = CsvData(kind="csv", path=asked.input, target=card.target_names, **asdict(card.reading))
    total, chunks = _chunks(Path(asked.input), reading, card)
    tally = _Tally(card, reading)

    def write(part: Path) -> None:
        with ExitStack() as open_, teller.answering(total) as answered:
            put, beside = (
                open_.enter_context(_writer(part, target.suffix)),
                open_.enter_context(_beside(target, Path(asked.input), card)),
            )
            for chunk in chunks:
                scores = None
                if beside is None:
                    answers = bundle.predict(chunk.raw)
                else:
                    scores = bundle.scores(chunk.raw)
                    answers = bundle.in_words(chunk.raw, scores)
                    rows = range(tally.rows, tally.rows + len(scores))
                    files = beside(rows, chunk.files, np.asarray(chunk.raw), scores)
                    answers = answers if files is None else answers.assign(prediction=list(files))
                tally.count(chunk, answers, scores)
                answers.insert(0, "row", range(tally.rows - len(answers), tally.rows))
                if chunk.files is not None:
                    answers.insert(1, "file", list(chunk.files))
                put(escaped(answers) if asked.escape and target.suffix == ".csv" else answers)
                answered(len(answers))

    atomically(target, write)
    for sentence in tally.notes:
        teller.note(sentence)
    teller.note(f"{tally.rows} rows answered by {asked.model} into {asked.output}")
    if task_of(card.head.task).of_pictures:
        teller.note(f"masks or boxes of these pictures are in the folder {target.with_suffix('')}")
    _score(asked, tally, teller)


@dataclass(frozen=True, eq=False)
class _Chunk:
    """Some raw rows, their targets or masks if known, and the files of pictures."""

    raw: Raw
    truth: pd.Series[Any] | pd.DataFrame | None = None
    files: Sequence[str] | None = None
    masks: npt.NDArray[Any] | None = None


class _Tally:
    """Totals over all rows. With a known target it keeps truth and scores, 8 bytes per label and row; of masks only counts."""

    def __init__(self, card: Card, reading: CsvData) -> None:
        self.card, self._reading = card, reading
        self._further: list[str] = []
        self._flagged = 0
        self.rows = 0
        self.truth: list[npt.NDArray[Any]] = []
        self.scores: list[npt.NDArray[Any]] = []

    def count(self, chunk: _Chunk, answers: pd.DataFrame, scores: npt.NDArray[Any] | None) -> None:
        """Count some rows and their answers; scores: of pictures with masks or boxes."""
        from foldwise.data.serving_rules import further

        if not self.rows and self.card.schema.image is None:
            self._further = further(chunk.raw, (*self.card.schema.names, *self.card.target_names))
        self.rows += len(answers)
        if "flags" in answers:
            self._flagged += int((answers["flags"] != "").sum())
        task = task_of(self.card.head.task)
        if chunk.truth is not None and not task.of_pictures:
            self._count_known(chunk.truth, answers)
        if chunk.masks is not None and scores is not None:
            from foldwise.data.masks import MaskValues, coded

            codes = coded(chunk.masks, MaskValues.read(self.card.target_written), "input")
            self.truth.append(answers.index.to_numpy())
            self.scores.append(task.condensed(codes, scores, len(self.card.labels)))

    def _count_known(self, truth: pd.Series[Any] | pd.DataFrame, answers: pd.DataFrame) -> None:
        """Keep truth and predictions of the rows that have a target."""
        import pandas as pd

        from foldwise.data.target import scorable
        from foldwise.data.target_numbers import known_numbers

        card = self.card
        if isinstance(truth, pd.DataFrame):
            known = known_numbers(truth, self._reading, card.targets)
            predictions = answers[list(card.labels)].to_numpy()[known.kept]
            predictions = task_of(card.head.task).condensed(known.values, predictions, len(card.labels), card.targets)
        else:
            known = scorable(truth, self._reading, card.labels, card.target_written)
            columns = [f"p_{label}" for label in card.labels] or "prediction"
            predictions = answers[columns].to_numpy()[known.kept]
        self.truth.append(known.values)
        self.scores.append(predictions)

    @property
    def notes(self) -> list[str]:
        """Sentences about the rows."""
        from foldwise.data.cells import listed

        notes = []
        if self._further:
            notes.append(f"{len(self._further)} extra columns are ignored: {listed(self._further)}")
        if self._flagged:
            notes.append(
                f"{self._flagged} of {self.rows} rows are unlike the training rows; the column flags names the reasons"
            )
        return notes


_UNSCORED = {False: "is missing or has an unknown label", True: "lacks a number"}


def _score(asked: PredictSpec, tally: _Tally, teller: Teller) -> None:
    """Score the rows with a known target, if any."""
    if not tally.truth:
        return
    import numpy as np

    from foldwise.evaluation.metrics import confusion
    from foldwise.system.files import write_json
    from foldwise.tasks.scores import score

    card = tally.card
    truth, predictions = np.concatenate(tally.truth), np.concatenate(tally.scores)
    if unknown := tally.rows - len(truth):
        teller.note(f"{unknown} of {tally.rows} rows are not scored: {card.target} {_UNSCORED[bool(card.targets)]}")
    if not len(truth):
        return
    metrics = score(card.head.task, len(card.labels), truth, predictions, card.threshold, targets=card.targets)
    table = confusion(truth, predictions, card.threshold).tolist() if card.head.task in CLASSES else None
    teller.scored(metrics, table, card.labels)
    scores = {"model": asked.model, "input": asked.input, "rows": len(truth), "metrics": metrics}
    runs = Path(asked.paths.runs)
    write_json(runs / "studies" / card.study / "predict.json", {**scores, "labels": card.labels, "confusion": table})


def _chunks(path: Path, reading: CsvData, card: Card) -> tuple[int, Iterator[_Chunk]]:
    """The approximate number of rows, and their chunks."""
    if card.schema.image is not None:
        from foldwise.data.sources.image_files import LABELS, MASKS, image_chunks

        target = MASKS if card.head.task == "segmentation" else LABELS
        total, images = image_chunks(path, card.schema.image, IMAGES_AT_ONCE, target)
        return total, (_Chunk(chunk.images, _labels(chunk.labels, card), chunk.files, chunk.masks) for chunk in images)
    from foldwise.data.sources.read import count_rows, read_chunks

    rows = _checked(read_chunks(path, reading, ROWS_AT_ONCE), path, card)
    return count_rows(path, reading), (_Chunk(raw, _truth(raw, card)) for raw in rows)


def _truth(raw: pd.DataFrame, card: Card) -> pd.Series[Any] | pd.DataFrame | None:
    """The target column, or all columns of several numbers; None if one is not there."""
    if not card.targets:
        found: pd.Series[Any] | None = raw.get(card.target)
        return found
    return raw[list(card.target_names)] if set(card.target_names) <= set(raw.columns) else None


def _checked(chunks: Iterator[pd.DataFrame], path: Path, card: Card) -> Iterator[pd.DataFrame]:
    """The chunks of a file; without a header it must have the columns of the training rows, or lack the target at the end."""
    for chunk in chunks:
        width, whole = chunk.shape[1], card.row_cells
        if (
            whole
            and path.suffix.lower() == ".csv"
            and width != whole
            and (width, card.target) != (whole - 1, f"column_{whole}")
        ):
            rule = f"{path}: has {width} columns, and the training rows had {whole} ({card.target} is the target)"
            raise DataError(f"{rule}; without a header columns are known by their places, so give all of them")
        yield chunk


def _labels(labels: npt.NDArray[Any] | None, card: Card) -> pd.Series[Any] | None:
    import pandas as pd

    return None if labels is None else pd.Series(labels, name=card.target)


@contextmanager
def _beside(target: Path, source: Path, card: Card) -> Iterator[Put | None]:
    """Yield a function that writes what a table cannot hold, into a folder that appears when all is written; None without.

    Raises:
        ConfigError: the folder is there already, or is among the pictures to answer.
    """
    from foldwise.system.files import whole_folder

    task, folder = task_of(card.head.task), target.with_suffix("")
    if not task.of_pictures:
        yield None
        return
    if folder.exists() or folder.is_symlink():
        raise ConfigError(
            "output", f"masks or boxes would go into the folder {folder}, which exists; remove it, or name another"
        )
    if source.is_dir() and folder.resolve().is_relative_to(source.resolve()):
        rule = f"masks or boxes would go into {folder}, below the input, and be read as pictures the next time"
        raise ConfigError("output", f"{rule}; name a file outside of {source}")
    with whole_folder(folder) as part, task.writer(part, card.labels) as put:
        yield put


@contextmanager
def _writer(path: Path, ending: str) -> Iterator[Callable[[pd.DataFrame], None]]:
    """Yield a function that appends answers to a file: CSV with one header, or Parquet with the types of the first chunk."""
    if ending == ".csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            yield lambda answers: answers.to_csv(file, index=False, header=not file.tell())
        return
    import pyarrow as pa
    from pyarrow import parquet

    with ExitStack() as closes:
        rows: Any = None

        def put(answers: pd.DataFrame) -> None:
            nonlocal rows
            table = pa.Table.from_pandas(answers, None if rows is None else rows.schema, preserve_index=False)
            if rows is None:
                rows = closes.enter_context(parquet.ParquetWriter(path, table.schema))
            rows.write_table(table)

        yield put

"""Raw rows of a file in, answers in a file out; scored where the truth is among the columns."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from foldwise.data_specs import CsvData
from foldwise.errors import ConfigError, DataError
from foldwise.specs import PredictSpec

if TYPE_CHECKING:
    import pandas as pd

    from foldwise.tracking.bundle import Bundle, Raw
    from foldwise.tracking.bundle_card import Card

FORMATS = (".csv", ".parquet")


class Teller(Protocol):
    """Who is told what happens."""

    def note(self, sentence: str) -> None: ...  # noqa: D102 the name says it
    def scored(  # noqa: D102
        self, metrics: Mapping[str, float], confusion: Sequence[Sequence[int]] | None, labels: Sequence[str]
    ) -> None: ...


def check_files(asked: PredictSpec) -> None:
    """Whether the files can be read and written, before anything slow begins.

    Raises:
        ConfigError: they cannot.
    """
    source, target = Path(asked.input), Path(asked.output)
    if not source.exists():
        raise ConfigError("input", f"{asked.input} is not a file, nor a folder of pictures")
    if target.suffix not in FORMATS:
        raise ConfigError("output", f"{asked.output} must end in .csv or .parquet")
    if target.resolve() == source.resolve():
        raise ConfigError("output", "must not be the input")
    folder = target.resolve().parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise ConfigError("output", f"{folder} is no folder that can be written")


def answer_file(asked: PredictSpec, load: Callable[[], Bundle], teller: Teller) -> None:
    """Answer the rows of `asked.input` into `asked.output`: row (zero-based), prediction, and p_<label> for classes.

    Pictures have their path as `file` too.

    Raises:
        DataError: a column is missing or a cell is not what the model learnt from, or an image cannot be read.
    """
    from foldwise.files import atomically, write_json

    bundle = load()
    card = bundle.card
    reading = CsvData(kind="csv", path=asked.input, target=card.target, **asdict(card.reading))
    raw, truth, files = _read(Path(asked.input), reading, card)
    answers = bundle.predict(raw)
    answers.insert(0, "row", range(len(answers)))
    if files is not None:
        answers.insert(1, "file", files)
    target = Path(asked.output)
    to_file = answers.to_csv if target.suffix == ".csv" else answers.to_parquet
    atomically(target, lambda part: to_file(part, index=False))
    teller.note(f"{len(answers)} rows answered by {asked.model} into {asked.output}")
    if truth is None:
        return
    from foldwise.data.target import scorable
    from foldwise.training.metrics import confusion, score

    known = scorable(truth, reading, card.labels)
    if not known.kept.all():
        count = int((~known.kept).sum())
        teller.note(f"{count} of {len(raw)} rows are not scored: {card.target} is missing there, or a label never learnt")
    if not known.kept.any():
        return
    predictions = bundle.scores(raw[known.kept])
    metrics = score(card.head.task, len(card.labels), known.values, predictions, card.threshold)
    table = confusion(known.values, predictions, card.threshold).tolist() if card.labels else None
    teller.scored(metrics, table, card.labels)
    scores = {"model": asked.model, "input": asked.input, "rows": int(known.kept.sum()), "metrics": metrics}
    runs = Path(asked.paths.runs)
    write_json(runs / "studies" / card.study / "predict.json", {**scores, "labels": card.labels, "confusion": table})


def _read(path: Path, reading: CsvData, card: Card) -> tuple[Raw, pd.Series[Any] | None, list[str] | None]:
    """Raw rows, what their target is where it is known, and the files of pictures."""
    import pandas as pd

    if card.schema.image is not None:
        from foldwise.data.image_files import read_image_file

        source, files = read_image_file(path, card.schema.image)
        return source.images, None if source.labels is None else pd.Series(source.labels, name=card.target), files
    from foldwise.data.sources import read_rows

    raw = read_rows(path, reading)
    if raw.empty:
        raise DataError(f"{path} has no rows")
    return raw, raw.get(card.target), None

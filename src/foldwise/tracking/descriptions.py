"""What a registered model and its versions say of themselves, as Markdown: verdict, data, columns, how to call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from foldwise.ledger.rows import StudyRecord
from foldwise.system.markdown import code, in_markdown
from foldwise.system.numbers import counted
from foldwise.tracking.registry import FIRST, Standing

if TYPE_CHECKING:
    from foldwise.bundle.card import Card

NAMED = 30  # columns or labels
MOST = 5000  # characters that MLflow takes


def data_of(record: StudyRecord) -> str:
    """The name of a study's data and the number of their rows, in words."""
    made = record.provenance
    if made is None:
        return ""
    return made.data if made.rows is None else f"{made.data}, {counted(made.rows, 'row')}"


def version_description(card: Card, name: str, standing: Standing) -> str:
    """Of one version: the verdict first, as lists show the beginning."""
    data = [f"Data: {in_markdown(standing.data)}, study {code(card.study)}." if standing.data else f"Study {code(card.study)}."]
    return _bounded([*([standing.verdict] if standing.verdict else []), *data, _takes(card), _calls(card, name)])


def model_description(card: Card, name: str) -> str:
    """Of the model: what it answers, from which columns, and how it is called."""
    return _bounded([_answers(card), _takes(card), _calls(card, name)])


def _answers(card: Card) -> str:
    target = code(card.target)
    if not card.labels:
        return f"Answers the number {target}."
    if card.targets:
        return f"Answers the numbers {_named([code(label) for label in card.labels])}."
    what = {"segmentation": "for each pixel of a picture", "detection": "with boxes in a picture"}.get(card.head.task)
    return f"Answers {target}{f' {what}' if what else ''}: {_named([code(label) for label in card.labels])}."


def _takes(card: Card) -> str:
    if card.schema.image is not None:
        return f"Takes images of {' x '.join(map(str, card.schema.image))} (height, width, channels)."
    columns = [f"{code(column.name)} ({column.kind})" for column in card.schema.columns]
    return f"Columns: {_named(columns)}."


def _calls(card: Card, name: str) -> str:
    rows = "images.npz" if card.schema.image is not None else "rows.csv"
    latest = f"{name}@{FIRST}"
    in_python = f'foldwise.load("{latest}").predict(rows)'
    served = f"mlflow models serve -m models:/{latest} --env-manager local"
    lines = [
        code(f"foldwise predict model={latest} input={rows} output=answers.csv"),
        f"in Python {code(in_python)}",
        f"over HTTP {code(served)}",
    ]
    other = f"In place of {code(f'@{FIRST}')}, {code('/2')} is version 2"
    return f"Call: {'; '.join(lines)}. {other}. The artifact model_card.md of its study's run says more."


def _named(words: list[str]) -> str:
    more = f" and {len(words) - NAMED} more" if len(words) > NAMED else ""
    return ", ".join(words[:NAMED]) + more


def _bounded(parts: list[str]) -> str:
    text = "\n\n".join(parts)
    return text if len(text) <= MOST else f"{text[: MOST - 1]}…"

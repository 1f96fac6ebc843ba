"""Whether the parts of a bundle belong together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from foldwise.bundle.card import Card
from foldwise.data.preparation.fold import AnyPreparation, Preparation
from foldwise.errors import JobError


def check_agreement(folder: Path, card: Card, preparations: Sequence[AnyPreparation]) -> None:
    """Refuse a card that has other columns, another image or other numbers of features than the preparations beside it.

    Raises:
        JobError: names the folder and the difference.
    """
    rule = _difference(card, preparations)
    if rule:
        raise JobError(
            f"{folder}: bundle.json and preparation.json differ in the {rule}, so it is not loaded; restore the bundle"
        )


def _difference(card: Card, preparations: Sequence[AnyPreparation]) -> str:
    """What a card and its preparations, one of each part, differ in."""
    used: dict[str, str] = {}
    for preparation in preparations:
        if isinstance(preparation, Preparation):
            used |= _columns(preparation)
        elif card.schema.image != preparation.shape:
            return "image"
    if {column.name: str(column.kind) for column in card.schema.columns} != used:
        return "columns"
    if any(preparation.target.numbers not in (0, len(card.targets)) for preparation in preparations):
        return "number of targets"
    features = [card.features, *(part.features for part in (card.ensemble.parts if card.ensemble else ()))]
    same = [len(own) == len(preparation.features) for own, preparation in zip(features, preparations, strict=True)]
    return "" if all(same) else "number of features"


def _columns(preparation: Preparation) -> dict[str, str]:
    """The columns that a preparation uses, with their kinds."""
    used = dict.fromkeys(preparation.measured, "number")
    used |= {part.name: "category" for part in preparation.categories}
    used |= {part.name: "date" for part in preparation.dates}
    return used | {part.name: "text" for part in preparation.texts}

"""Whether the parts of a bundle belong together."""

from __future__ import annotations

from pathlib import Path

from foldwise.bundle.card import Card
from foldwise.data.preparation.fold import AnyPreparation, Preparation
from foldwise.errors import JobError


def check_agreement(folder: Path, card: Card, preparation: AnyPreparation) -> None:
    """Refuse a card that has other columns, another image or another number of features than the preparation beside it.

    Raises:
        JobError: names the folder and the difference.
    """
    if isinstance(preparation, Preparation):
        own = {column.name: str(column.kind) for column in card.schema.columns}
        used = dict.fromkeys(preparation.measured, "number")
        used |= {part.name: "category" for part in preparation.categories}
        used |= {part.name: "date" for part in preparation.dates}
        used |= {part.name: "text" for part in preparation.texts}
        rule = "columns" if own != used else ""
    else:
        rule = "image" if card.schema.image != preparation.shape else ""
    if not rule and len(card.features) != len(preparation.features):
        rule = "number of features"
    if rule:
        raise JobError(
            f"{folder}: bundle.json and preparation.json differ in the {rule}, so it is not loaded; restore the bundle"
        )

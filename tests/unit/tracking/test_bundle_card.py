from dataclasses import replace

from foldwise.data.schema import Column, Schema
from foldwise.models.heads import Head
from foldwise.tracking.bundle_card import Card, Reading, Sample, read_card, write_card

CARD = Card(
    study="s-1",
    head=Head(1, "sigmoid", "binary_crossentropy", "binary"),
    target="answer",
    features=("size",),
    labels=("no", "yes"),
    schema=Schema((Column("size", "number"),)),
    reading=Reading(delimiter=";"),
    versions={"keras": "3"},
    sample=(Sample({"size": 1.5}, (0.25, 0.75)),),
)


def test_a_card_comes_back_as_it_was_written(tmp_path):
    for card in (CARD, replace(CARD, threshold=1 / 3)):
        write_card(card, tmp_path / "bundle.json")
        assert read_card(tmp_path / "bundle.json") == card

import json
from dataclasses import replace

from foldwise.bundle.card import Card, Sample, read_card, write_card
from foldwise.data.profile import ColumnProfile
from foldwise.data.schema import Column, Schema
from foldwise.models.heads import Head
from foldwise.spec.data import Reading

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
    profile = (
        ColumnProfile("size", "number", 0.5, 1.0, 2.0, (1.5,), (0.5, 0.5)),
        ColumnProfile("sort", "category", 0.0, levels={"a": 1.0}),
    )
    for card in (CARD, replace(CARD, threshold=1 / 3), replace(CARD, profile=profile)):
        write_card(card, tmp_path / "bundle.json")
        assert read_card(tmp_path / "bundle.json") == card


def test_a_card_older_than_profiles_is_read(tmp_path):
    path = tmp_path / "bundle.json"
    write_card(CARD, path)
    content = json.loads(path.read_text())
    del content["profile"]
    path.write_text(json.dumps({**content, "format": 2}))
    assert read_card(path) == CARD

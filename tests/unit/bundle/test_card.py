import base64
import json
import os
from dataclasses import replace

import pytest

from foldwise.bundle.card import Card, CardMember, CardPart, Ensemble, Interval, Sample, read_card, write_card
from foldwise.data.profile import ColumnProfile
from foldwise.data.schema import Column, Schema
from foldwise.data.target_columns import TargetColumn
from foldwise.errors import JobError
from foldwise.evaluation.calibration import Calibration
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

NUMBERS = replace(
    CARD,
    head=Head(1, "linear", "mse", "regression"),
    labels=(),
    sample=(Sample({"size": 1.5}, (0.25,)),),
    interval=Interval(0.9, 2.5),
)


def test_a_card_comes_back_as_it_was_written(tmp_path):
    profile = (
        ColumnProfile("size", "number", 0.5, 1.0, 2.0, (1.5,), (0.5, 0.5)),
        ColumnProfile("sort", "category", 0.0, levels={"a": 1.0}),
    )
    sorts = Schema((*CARD.schema.columns, Column("sort", "category")))
    sample = (Sample({"size": 1.5, "sort": "a"}, (0.25, 0.75)),)
    profiled = replace(CARD, schema=sorts, sample=sample, profile=profile)
    calibrated = replace(CARD, calibration=Calibration(0.5, -1.0))
    for card in (CARD, replace(CARD, threshold=1 / 3), profiled, calibrated, NUMBERS):
        write_card(card, tmp_path / "bundle.json")
        assert read_card(tmp_path / "bundle.json") == card


PART = CardPart(CARD.head, ("size", "sort"))
ENSEMBLE = replace(CARD, ensemble=Ensemble((CardMember(7, 3, 0), CardMember(2, 1, 1)), (PART,)))


def test_a_card_of_an_ensemble_comes_back_and_has_a_format_of_its_own(tmp_path):
    path = tmp_path / "bundle.json"
    write_card(ENSEMBLE, path)
    assert read_card(path) == ENSEMBLE
    assert ENSEMBLE.ensemble.weights == (3, 1)
    assert json.loads(path.read_text())["format"] == 5
    write_card(CARD, path)  # earlier versions read this one
    content = json.loads(path.read_text())
    assert content["format"] == 4
    assert "ensemble" not in content


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"members": [{"trial": 7, "weight": 3, "part": 0}]}, "ensemble.members"),
        ({"members": [{"trial": 7, "weight": 3, "part": 0}, {"trial": 2, "weight": 1, "part": 2}]}, "a member for every part"),
        (
            {"members": [{"trial": 7, "weight": 3, "part": 0}, {"trial": 7, "weight": 1, "part": 1}]},
            "must name each trial once",
        ),
        ({"members": [{"trial": 7, "weight": 0, "part": 0}, {"trial": 2, "weight": 1, "part": 1}]}, "weight"),
        ({"parts": []}, "a member for every part"),
        ({"parts": [{"head": vars(NUMBERS.head), "features": ["size"]}]}, "has 2 labels for a regression task"),
    ],
)
def test_an_ensemble_that_makes_no_sense_is_refused(tmp_path, change, rule):
    path = tmp_path / "bundle.json"
    write_card(ENSEMBLE, path)
    content = json.loads(path.read_text())
    content["ensemble"].update(change)
    path.write_text(json.dumps(content))
    with pytest.raises(JobError, match=rule):
        read_card(path)


def test_a_card_older_than_profiles_is_read(tmp_path):
    path = tmp_path / "bundle.json"
    write_card(CARD, path)
    content = json.loads(path.read_text())
    del content["profile"]
    path.write_text(json.dumps({**content, "format": 2}))
    assert read_card(path) == CARD


def test_a_card_older_than_calibration_is_read(tmp_path):
    path = tmp_path / "bundle.json"
    write_card(CARD, path)
    content = json.loads(path.read_text())
    del content["calibration"], content["interval"]
    path.write_text(json.dumps({**content, "format": 3}))
    assert read_card(path) == CARD


def _set(content, key, value):
    *parents, last = key.split(".")
    for word in parents:
        content = content[int(word) if word.isdigit() else word]
    content[int(last) if last.isdigit() else last] = value


def _refused(path, text):
    path.write_text(text)
    with pytest.raises(JobError) as caught:
        read_card(path)
    sentence = str(caught.value)
    assert str(path) in sentence
    assert "\n" not in sentence
    assert len(sentence) < 700
    return sentence


SCORES = "sample.0.scores"


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("calibration", {"slope": 0.0}, "calibration.slope: "),
        ("calibration", {"slope": 1e9}, "calibration.slope: "),
        ("calibration", {"slope": 1.0, "bias": 1e9}, "calibration.bias: "),
        ("calibration", {"slope": 1.0, "code": "x"}, "calibration.code: "),
        ("interval", {"coverage": 0.9, "half_width": 1.0}, "must have an interval for a regression only"),
        ("study", "../../../../x", "study: must be 1 to 100 of"),
        ("study", "/etc/x", "study: must be"),
        ("study", "..", "study: must be"),
        ("study", "a/b", "study: must be"),
        ("study", "a\x00b", "study: must be"),
        ("study", "", "study: must be"),
        ("study", 5, "study: "),
        ("threshold", 0.0, "threshold: "),
        ("threshold", 1, "threshold: "),
        ("threshold", "0.5", "threshold: "),
        ("threshold", True, "threshold: "),
        ("labels", ["no"], "has 1 labels for a binary task with 1 outputs"),
        ("labels", ["no", "no"], "labels: has 'no' twice"),
        ("labels", ["no", "yes", "more"], "has 3 labels for a binary task"),
        ("labels", [str(number) for number in range(10**5)], "has 100000 labels for a binary task"),
        ("labels", "yes", "labels: "),
        ("labels", ["no", 5], "labels.1: "),
        ("head.units", 10**15, "head.units: "),
        ("head.units", 2, "has 2 labels for a binary task with 2 outputs"),
        ("head.task", "multiclass", "does not suit a multiclass task"),
        ("head.loss", "exec", "loss 'exec' does not suit"),
        ("head.activation", "relu", "activation 'relu' does not suit"),
        ("head.more", 1, "head.more: "),
        ("target", "", "target: "),
        ("target", "y" * 10**6, "target: "),
        ("features", [], "features: "),
        ("schema.columns.0.kind", "pickle", "schema.columns.0.kind: "),
        ("schema.columns.0.name", "other", "sample.0.row must have the columns of the schema"),
        ("schema.columns", [{"name": "size", "kind": "number"}] * 2, "schema: has 'size' twice"),
        ("schema.columns", [], "schema: must have either columns or the shape"),
        ("schema.image", [8, 8, 1], "schema: must have either columns or the shape"),
        ("reading.delimiter", "", "reading.delimiter: "),
        ("reading.delimiter", 5, "reading.delimiter: "),
        ("reading.encoding", "no-such", "reading.encoding: 'no-such' is unknown"),
        ("reading.missing", "NA", "reading.missing: "),
        ("reading.path", "/etc/passwd", "path"),
        ("versions", {"keras": "\x1b[31m3"}, "versions.keras: "),
        ("sample.0.row", {}, "sample.0.row must have the columns"),
        ("sample.0.row.size", [1], "sample.0.row.size"),
        (SCORES, [0.25], "sample.0.scores has 1 numbers for 2 labels"),
        (SCORES, [0.5, 0.75], "sample.0.scores must be probabilities"),
        (SCORES, [-0.5, 1.5], "sample.0.scores must be probabilities"),
        (SCORES, [1e308, 0], "sample.0.scores.0: "),
        ("files", {"../../etc/passwd": "0" * 64}, "files"),
        ("files", {"network.keras": "short"}, "files.network.keras: must be a SHA-256"),
        ("profile", [{"name": "other", "kind": "number", "missing": 0.0}], "profile must have the columns of the schema"),
        ("profile", [{"name": "size", "kind": "number", "missing": 2.0}], "profile.0.missing: "),
        ("profile", [{"name": "size", "kind": "number", "missing": 0.0, "edges": [2, 1], "shares": [0, 0, 1]}], "ascending"),
        ("run", "rm", "run: "),
    ],
)
def test_every_field_of_a_card_is_judged(tmp_path, key, value, sentence):
    path = tmp_path / "bundle.json"
    write_card(CARD, path)
    content = json.loads(path.read_text())
    _set(content, key, value)
    assert sentence in _refused(path, json.dumps(content))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('"threshold": 0.5', '"threshold": NaN', "holds NaN, which is not a finite number"),
        ('"threshold": 0.5', '"threshold": 1e999', "holds 1e999, which is not a finite number"),
        ('"threshold": 0.5', f'"threshold": {"9" * 400}', "holds a number of 400 digits"),
        ('"threshold": 0.5', '"threshold": 0.5, "threshold": 0.9', "has the key 'threshold' twice"),
        ('"threshold": 0.5', f'"threshold": {"[" * 100_000}{"]" * 100_000}', "nested deeper than 100 levels"),
        ('"threshold": 0.5', f'"threshold": {"[" * 200}{"]" * 200}', "nested deeper than 100 levels"),
        ('"format": 4', '"format": true', "has format True"),
        ('"format": 4', '"format": [3]', "has format [3]"),
        ('"format": 4', '"format": "\\u001b[2J\\n"', "has format '\\x1b[2J\\n', and"),
        ('"format": 4', f'"format": "{"x" * 70_000}"', "has format 'xxxxx"),
        ('"study": "s-1"', f'"study": "{"x" * 70_000}"', "study: must be 1 to 100 of"),
    ],
)
def test_the_text_of_a_card_is_judged(tmp_path, old, new, sentence):
    path = tmp_path / "bundle.json"
    write_card(CARD, path)
    text = path.read_text()
    assert old in text
    assert sentence in _refused(path, text.replace(old, new))


@pytest.mark.parametrize("text", ["", "[]", "[1]", "5", "null", '"text"', "{}", "\x00", '{"format": 4}'])
def test_other_json_is_not_a_card(tmp_path, text):
    _refused(tmp_path / "bundle.json", text)


def test_a_card_of_an_image_has_as_many_features_and_bytes_as_pixels(tmp_path):
    path = tmp_path / "bundle.json"
    row = {"image": base64.b64encode(bytes(4)).decode()}
    features = tuple(f"pixel_{place}" for place in range(4))
    card = replace(CARD, schema=Schema((), (2, 2, 1)), features=features, sample=(Sample(row, (0.25, 0.75)),))
    write_card(card, path)
    assert read_card(path) == card
    content = json.loads(path.read_text())
    for key, value, sentence in (
        ("schema.image", [2, 3, 1], "has 4 features for an image of 2 x 3 x 1"),
        ("schema.image", [10_000, 10_000, 3], "schema.image: has more than"),
        ("schema.image", [2, 2], "schema.image"),
        ("schema.image", [2, 2, 0], "schema.image.2: "),
        ("sample.0.row.image", "AAAA", "sample.0.row.image is not an image of 2 x 2 x 1"),
        ("sample.0.row.image", "%%%", "is not an image"),
        ("sample.0.row.image", 5, "is not an image"),
    ):
        changed = json.loads(json.dumps(content))
        _set(changed, key, value)
        assert sentence in _refused(path, json.dumps(changed))


def test_regression_has_no_labels_and_any_finite_score(tmp_path):
    path = tmp_path / "bundle.json"
    card = replace(CARD, head=Head(1, "linear", "mse", "regression"), labels=(), sample=(Sample({"size": None}, (-1e30,)),))
    write_card(card, path)
    assert read_card(path) == card


SEVERAL = replace(
    CARD,
    head=Head(2, "linear", "mse", "multioutput", weights=(3.0, 1.0)),
    target="height, price",
    labels=("height", "price"),
    sample=(Sample({"size": 1.5}, (0.25, 7000.0)),),
    targets=(TargetColumn("height", 3.0, 0.5), TargetColumn("price", 1.0, 2000.0, "{} EUR")),
)


def test_a_card_of_several_numbers_comes_back_and_has_a_format_of_its_own(tmp_path):
    path = tmp_path / "bundle.json"
    write_card(SEVERAL, path)
    assert read_card(path) == SEVERAL
    assert json.loads(path.read_text())["format"] == 6
    write_card(CARD, path)  # earlier versions read this one
    content = json.loads(path.read_text())
    assert not {"targets"} & set(content)
    assert "weights" not in content["head"]


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("head.weights", [1.0], "weights belong to several numbers"),
        ("head.weights", [1.0, 0.0], "weights.1"),
        ("targets", [], "targets must have the columns of several numbers"),
        ("targets.1.name", "cost", "targets must have the columns of several numbers"),
        ("targets.1.unit", 0.0, "targets.1.unit"),
        ("sample.0.scores", [1.0], "has 1 numbers for 2 outputs"),
        ("labels", ["height"], "has 1 labels for a multioutput task with 2 outputs"),
    ],
)
def test_a_card_of_several_numbers_that_contradicts_itself_is_refused(tmp_path, key, value, sentence):
    path = tmp_path / "bundle.json"
    write_card(SEVERAL, path)
    content = json.loads(path.read_text())
    _set(content, key, value)
    assert sentence in _refused(path, json.dumps(content))


def test_a_card_that_is_not_a_moderate_regular_file_is_refused(tmp_path):
    pipe, large = tmp_path / "pipe.json", tmp_path / "large.json"
    os.mkfifo(pipe)
    with large.open("wb") as file:
        file.truncate(2**30)
    many = tmp_path / "many.json"
    many.write_text("[" + "0," * 2**23 + "0]")
    for path, sentence in ((pipe, "not a regular file"), (large, "at most 268435456 are read"), (many, "more than 8388608")):
        with pytest.raises(JobError, match=sentence):
            read_card(path)

"""Every field of a saved preparation is judged when it is read."""

import json
from dataclasses import replace

import pytest

from foldwise.data.preparation.dates import Date
from foldwise.data.preparation.encode import Levels
from foldwise.data.preparation.file import load_preparation, save_preparation
from foldwise.data.preparation.fold import Number, Preparation
from foldwise.data.preparation.pixels import ImagePreparation
from foldwise.data.preparation.scale import Power, Ranks, SmoothClip
from foldwise.data.preparation.target_scale import TargetScale
from foldwise.data.preparation.text import Hashed
from foldwise.errors import DataError

TABLE = Preparation(
    (
        Number("size", 1.0, 0.5, 2.0, True, Ranks((0.0, 1.0, 1.0), True)),
        Number("age", 1.0, 0.5, 2.0, False, Power(0.5)),
        Number("pay", 1.0, 0.0, 1.0, False, SmoothClip(0.5, 0.0)),
        Number("day year", 1.0, 0.0, 1.0),
    ),
    (Levels("sort", ("a", "b", None), ("c",)), Levels("town", ("x", "y"), (), "x", True)),
    TargetScale(1.0, 2.0, True, 0.5, 9.0),
    (Date("day", ("year",), False),),
    (Hashed("note", 4),),
    (0, 2, 5),
)
IMAGE = ImagePreparation((2, 2, 3), (0.0, 0.0, 0.0), (255.0, 255.0, 255.0))


def _refused(tmp_path, text):
    path = tmp_path / "preparation.json"
    path.write_text(text)
    with pytest.raises(DataError) as caught:
        load_preparation(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def _changed(tmp_path, preparation, key, value):
    save_preparation(preparation, tmp_path / "good.json")
    content = place = json.loads((tmp_path / "good.json").read_text())
    *parents, last = [int(word) if word.isdigit() else word for word in key.split(".")]
    for word in parents:
        place = place[word]
    place[last] = value
    return _refused(tmp_path, json.dumps(content))


SEVERAL = replace(TABLE, target=TargetScale((1.0, 2.0), (0.5, 3.0), False, (0.0, 1.0), (4.0, 9.0)))


@pytest.mark.parametrize("preparation", [TABLE, IMAGE, SEVERAL])
def test_a_preparation_comes_back_as_it_was_saved(tmp_path, preparation):
    save_preparation(preparation, tmp_path / "preparation.json")
    assert load_preparation(tmp_path / "preparation.json") == preparation


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("numbers.0.scale", 0, "numbers.0.scale: "),
        ("numbers.0.scale", -1.0, "numbers.0.scale: "),
        ("numbers.0.scale", "1", "numbers.0.scale: "),
        ("numbers.0.center", 1e305, "numbers.0.center: "),
        ("numbers.0.fill", None, "numbers.0.fill: "),
        ("numbers.0.name", 5, "numbers.0.name: "),
        ("numbers.1.name", "size", "has 'size' twice"),
        ("numbers.0.indicator", 1, "numbers.0.indicator: "),
        ("numbers.0.curve", {"quantiles": [1, 0], "normal": True}, "must be in ascending order"),
        ("numbers.0.curve", {"quantiles": [], "normal": True}, "quantiles"),
        ("numbers.0.curve", {"quantiles": list(range(2000)), "normal": True}, "quantiles"),
        ("numbers.0.curve", {"code": "x"}, "curve"),
        ("numbers.2.curve", {"median": 0.0, "factor": -1.0}, "factor"),
        ("numbers.2.curve", {"median": "0", "factor": 1.0}, "median"),
        ("numbers.2.curve", {"factor": 1.0}, "median"),
        ("numbers.2.curve", {"median": 0.0, "factor": 1.0, "more": 1.0}, "more"),
        ("numbers.3.name", "other", "the last numbers must be the parts of the dates"),
        ("numbers", {}, "numbers: "),
        ("categories.0.own", ["a", "a"], "has 'a' twice"),
        ("categories.0.own", ["a", 5], "categories.0.own.1: "),
        ("categories.1.fill", "never", "fill must be one of the levels"),
        ("target.sd", 0.0, "target.sd: "),
        ("target.log", "yes", "target.log: "),
        ("target.low", "0", "target.low: "),
        ("target.high", 1e305, "target.high: "),
        ("target.high", 0.0, "low must not be above high"),
        ("target.more", 1, "target.more: "),
        ("dates.0.parts", ["second"], "dates.0.parts.0: "),
        ("dates.0.parts", ["year", "year"], "has 'year' twice"),
        ("texts.0.width", 10**9, "texts.0.width: "),
        ("texts.0.width", 0, "texts.0.width: "),
        ("texts", [{"name": f"t{place}", "width": 65536} for place in range(200)], "features, and 1 to 8388608 are read"),
        ("kept", [0, 0], "has '0' twice"),
        ("kept", [10**6], "kept: names feature 1000000"),
        ("kept", [-1], "kept.0: "),
        ("kept", [], "kept: "),
        ("format", 3, "has format 3"),
        ("more", 1, "more: "),
    ],
)
def test_every_field_of_columns_is_judged(tmp_path, key, value, sentence):
    assert sentence in _changed(tmp_path, TABLE, key, value)


def test_a_file_from_before_answers_were_clamped_loads(tmp_path):
    path = tmp_path / "preparation.json"
    save_preparation(replace(TABLE, target=TargetScale(1.0, 2.0, True)), path)
    content = json.loads(path.read_text())
    del content["target"]["low"], content["target"]["high"]
    path.write_text(json.dumps(content))
    assert load_preparation(path).target == TargetScale(1.0, 2.0, True)


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("shape", [10_000, 10_000, 3], "shape: has more than 8388608 values"),
        ("shape", [2, 2], "shape"),
        ("shape", [2, 2, 1], "one center and one scale for each channel"),
        ("shape", [10**15, 1, 1], "shape.0: "),
        ("scale", [0.0, 1.0, 1.0], "scale.0: "),
        ("center", ["a", 0, 0], "center.0: "),
    ],
)
def test_every_field_of_images_is_judged(tmp_path, key, value, sentence):
    assert sentence in _changed(tmp_path, IMAGE, key, value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[" * 100_000 + "]" * 100_000, "nested deeper than 100 levels"),
        (f'{{"format": 2, "kept": {"[" * 150}{"]" * 150}}}', "nested deeper than 100 levels"),
        ('{"format": 2, "numbers": NaN}', "holds NaN"),
        ('{"format": 2, "numbers": -Infinity}', "holds -Infinity"),
        ('{"format": 2, "format": 2}', "has the key 'format' twice"),
        ("5", "is not a saved preparation"),
    ],
)
def test_the_text_is_judged(tmp_path, text, sentence):
    assert sentence in _refused(tmp_path, text)


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("target.sd", [1.0, 0.0], "target.sd: "),
        ("target.sd", [1.0], "target.sd: has 1 numbers"),
        ("target.low", [None, 1.0], "target.low: has a gap"),
        ("target.mean", [1.0, 2.0, 3.0], "must be of the same targets"),
        ("target.high", [9.0, 0.5], "low must not be above high"),
    ],
)
def test_a_scale_of_several_numbers_is_judged_in_all_its_numbers(tmp_path, key, value, sentence):
    assert sentence in _changed(tmp_path, SEVERAL, key, value)

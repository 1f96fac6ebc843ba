import csv
import json

import numpy as np
from PIL import Image

from foldwise.data.sources.box_file import read_boxes
from foldwise.tasks.detection.answers import as_json, counts, writer

CLASSES = ("cat", "=dog")
FOUND = np.full((2, 100, 6), -1.0, np.float32)
FOUND[0, :3] = [[1, 0.9, 1, 2, 11, 22.5], [0, 0.5, 3, 4, 5, 6], [0, 0.1, 0, 0, 2, 2]]
PICTURES = np.full((2, 24, 32, 3), 90, np.uint8)


def test_boxes_as_json_are_best_first():
    boxes = json.loads(as_json(FOUND[0], CLASSES))
    assert boxes[0] == {"label": "=dog", "score": 0.9, "box": [1.0, 2.0, 11.0, 22.5]}
    assert [box["score"] for box in boxes] == [0.9, 0.5, 0.1]
    assert as_json(FOUND[1], CLASSES) == "[]"


def test_counts_are_of_boxes_that_are_fairly_sure():
    assert {name: cells.tolist() for name, cells in counts(FOUND, CLASSES).items()} == {
        "boxes_cat": [1.0, 0.0],
        "boxes_=dog": [1.0, 0.0],
    }


def test_what_is_written_beside_the_table(tmp_path):
    with writer(tmp_path, CLASSES) as put:
        put([0], ["p/a.png"], PICTURES[:1], FOUND[:1])
        put([1], ["p/b.png"], PICTURES[1:], FOUND[1:])
    rows = list(csv.DictReader((tmp_path / "boxes.csv").read_text().splitlines()))
    assert [row["label"] for row in rows] == ["'=dog", "cat", "cat"]  # no spreadsheet runs it
    assert [float(rows[0][key]) for key in ("row", "score", "x_min", "y_min", "x_max", "y_max")] == [0, 0.9, 1, 2, 11, 22.5]
    content = json.loads((tmp_path / "boxes.json").read_text())
    assert content["annotations"][0]["bbox"] == [1.0, 2.0, 10.0, 20.5]
    assert sorted(path.name for path in (tmp_path / "pictures").iterdir()) == ["0_a.png", "1_b.png"]
    with Image.open(tmp_path / "pictures" / "0_a.png") as drawn:
        assert drawn.size == (640, 480)
        assert len(drawn.getcolors(100_000)) > 2


def test_what_is_written_can_be_learned_from(tmp_path):
    with writer(tmp_path, CLASSES) as put:
        put([0, 1], ["a.png", "b.png"], PICTURES, FOUND)
    first, second = read_boxes(tmp_path / "boxes.json")
    assert (first.name, first.size) == ("a.png", (24, 32))
    assert (first.boxes[0].label, first.boxes[0].corners) == ("=dog", (1.0, 2.0, 11.0, 22.5))
    assert second.boxes == ()


def test_pictures_of_an_array_have_no_names(tmp_path):
    with writer(tmp_path, CLASSES) as put:
        put([0, 1], None, PICTURES[..., :1], FOUND)
    assert sorted(path.name for path in (tmp_path / "pictures").iterdir()) == ["0.png", "1.png"]

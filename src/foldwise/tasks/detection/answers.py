"""Boxes as answers: JSON for each picture, a table of all boxes, COCO's JSON, and pictures with boxes."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.data.formula_text import QUOTE, is_formula
from foldwise.tasks.detection.boxes import is_box
from foldwise.tasks.detection.overlays import draw_boxes
from foldwise.tasks.pictures import answer_name
from foldwise.tasks.task import Put

Boxes = npt.NDArray[np.floating]

SURE = 0.3  # the least score of a box that is counted and drawn: below it more are wrong than right
PICTURES = 100  # with boxes drawn on them; more than anyone looks at only fill the disk
TABLE, COCO, DRAWN = "boxes.csv", "boxes.json", "pictures"
COLUMNS = ("row", "file", "label", "score", "x_min", "y_min", "x_max", "y_max")
DIGITS = 6  # of a score; of a corner two, in pixels


def count_names(classes: Sequence[str]) -> list[str]:
    """The column of each label: how many of its boxes have a score of at least SURE."""
    return [f"boxes_{label}" for label in classes]


def counts(found: Boxes, classes: Sequence[str]) -> dict[str, npt.NDArray[np.float64]]:
    """The cells of these columns, (rows,) each."""
    sure = is_box(found) & (found[..., 1] >= SURE)
    return {
        name: (sure & (found[..., 0] == code)).sum(axis=1).astype(np.float64) for code, name in enumerate(count_names(classes))
    }


def as_json(found: Boxes, classes: Sequence[str]) -> str:
    """The boxes of a picture, best first: a list of label, score, and box as [x_min, y_min, x_max, y_max] in pixels."""
    return json.dumps([{"label": label, "score": score, "box": corners} for label, score, corners in listed(found, classes)])


def listed(found: Boxes, classes: Sequence[str]) -> list[tuple[str, float, list[float]]]:
    """Label, score and corners of each box of a picture, rounded as they are written."""
    rows = found[is_box(found)].astype(np.float64)
    return [
        (classes[int(code)], round(score, DIGITS), [round(corner, 2) for corner in corners])
        for code, score, *corners in rows.tolist()
    ]


@contextmanager
def writer(folder: Path, classes: Sequence[str]) -> Iterator[Put]:
    """Write the boxes of predicted pictures into a folder, some rows at a time.

    TABLE has a row for each box, COCO the same as COCO's JSON (images, categories, annotations with a score), DRAWN the first
    PICTURES pictures with their boxes. Boxes are in pixels of the pictures that the model takes.
    """
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    (folder / DRAWN).mkdir()
    with (folder / TABLE).open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)

        def put(rows: Sequence[int], files: Sequence[str] | None, pictures: npt.NDArray[Any], found: npt.NDArray[Any]) -> None:
            for place, row in enumerate(rows):
                name = "" if files is None else files[place]
                size = {"height": int(pictures.shape[1]), "width": int(pictures.shape[2])}
                images.append({"id": int(row), "file_name": name, **size})
                for label, score, corners in listed(found[place], classes):
                    table.writerow([row, _plain(name), _plain(label), score, *corners])
                    annotations.append(_annotation(len(annotations) + 1, row, classes.index(label) + 1, score, corners))
                if len(images) <= PICTURES:
                    title = answer_name(row, None if files is None else name)
                    draw_boxes(folder / DRAWN / f"{title}.png", pictures[place], found[place], classes, SURE)

        yield put
    categories = [{"id": code, "name": label} for code, label in enumerate(classes, 1)]
    content = {"images": images, "categories": categories, "annotations": annotations}
    (folder / COCO).write_text(json.dumps(content) + "\n", encoding="utf-8")


def _plain(text: str) -> str:
    """A cell that no spreadsheet runs as a formula."""
    return QUOTE + text if is_formula(text) else text


def _annotation(number: int, image: int, category: int, score: float, corners: Sequence[float]) -> dict[str, Any]:
    left, top, right, bottom = corners
    width, height = round(right - left, 2), round(bottom - top, 2)
    return {
        "id": number,
        "image_id": int(image),
        "category_id": category,
        "bbox": [left, top, width, height],
        "area": round(width * height, 2),
        "iscrowd": 0,
        "score": score,
    }

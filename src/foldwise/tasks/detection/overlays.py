"""Pictures with boxes drawn on them, by Pillow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.tasks.detection.boxes import is_box
from foldwise.tasks.detection.precision import matches

Boxes = npt.NDArray[np.floating]
Pictures = npt.NDArray[np.uint8]
Colour = tuple[int, int, int]

ACROSS, MOST = 3, 24  # pictures in a row of a sheet, and in all
TILE, LARGE, GAP, LINE = 400, 640, 8, 16  # pixels: width of a picture of a sheet and of one alone, space, a line of text
WHITE, BLACK = (255, 255, 255), (30, 30, 30)
# Labels in the order of their codes. Source: Wong 2011, "Color blindness", Nature Methods 8.
COLOURS = ((213, 94, 0), (0, 114, 178), (0, 158, 115), (204, 121, 167), (230, 159, 0), (86, 180, 233), (240, 228, 66))
RIGHT, INVENTED, MISSED = (0, 158, 115), (230, 159, 0), (204, 51, 153)
OVERLAP = 0  # of precision.THRESHOLDS, that decides what is right: one half


def draw_boxes(path: Path, picture: Pictures, found: Boxes, classes: Sequence[str], least: float) -> None:
    """One picture (height, width, channels) with its predicted boxes (boxes, 6) of at least this score, each with its label."""
    from PIL import ImageDraw, ImageFont

    shown, scale = _enlarged(picture, LARGE)
    draw, font = ImageDraw.Draw(shown), ImageFont.load_default(12)
    for code, score, *corners in found[is_box(found) & (found[:, 1] >= least)][::-1].tolist():
        colour = COLOURS[int(code) % len(COLOURS)]
        low, high = _box(draw, corners, scale, colour)
        draw.text((low[0] + 3, min(low[1] + 1, high[1] - 2)), f"{classes[int(code)]} {score:.2f}", fill=colour, font=font)
    shown.save(path)


def draw_truth(path: Path, images: Pictures, truth: Boxes, classes: Sequence[str]) -> Path:
    """The first pictures with their true boxes, in the colours of their labels."""
    title: list[tuple[str, Colour]] = [("true boxes:  ", BLACK)]
    title += [(f"{label}  ", COLOURS[code % len(COLOURS)]) for code, label in enumerate(classes)]
    marked = [[(row[1:], COLOURS[int(row[0]) % len(COLOURS)]) for row in rows[is_box(rows)]] for rows in truth[:MOST]]
    _sheet(path, images, list(range(len(marked))), marked, [f"row {row + 1}" for row in range(len(marked))], title)
    return path


def draw_mistakes(path: Path, images: Pictures, truth: Boxes, found: Boxes, least: float) -> Path:
    """Pictures with what the answers have right, invent and miss, at an overlap of one half; most mistakes first."""
    judged = [judge(true, predicted, least) for true, predicted in zip(truth, found, strict=True)]
    wrong = [sum(colour != RIGHT for _, colour in marks) for marks in judged]
    order = np.argsort(-np.array(wrong), kind="stable")[:MOST].tolist()
    title = [
        (f"{len(order)} of {len(images)} pictures, most mistakes first; boxes of a score of at least {least:g}: ", BLACK),
        ("right  ", RIGHT),
        ("invented  ", INVENTED),
        ("missed", MISSED),
    ]
    captions = [f"row {row + 1}: {wrong[row]} of {len(judged[row])} boxes wrong" for row in order]
    _sheet(path, images, order, [judged[row] for row in order], captions, title)
    return path


def judge(true: Boxes, found: Boxes, least: float) -> list[tuple[Boxes, Colour]]:
    """The corners of each predicted box, right or invented, and of each true box that is missed."""
    true, found = true[is_box(true)], found[is_box(found) & (found[:, 1] >= least)]
    matched = matches(true, found)[:, OVERLAP]
    missed = np.setdiff1d(np.arange(len(true)), matched)
    marks: list[tuple[Boxes, Colour]] = [(row[1:], MISSED) for row in true[missed]]
    return marks + [(row[2:], RIGHT if place >= 0 else INVENTED) for row, place in zip(found, matched, strict=True)]


def _enlarged(picture: Pictures, width: int) -> tuple[Any, float]:
    """A picture as an image of this width, and by how much it grew."""
    from PIL import Image

    colours = picture[..., :3] if picture.shape[-1] in (3, 4) else np.repeat(picture.mean(axis=-1, keepdims=True), 3, axis=-1)
    scale = width / picture.shape[1]
    size = (width, max(1, round(picture.shape[0] * scale)))
    return Image.fromarray(np.ascontiguousarray(colours, dtype=np.uint8)).resize(size, Image.Resampling.BICUBIC), scale


def _box(draw: Any, corners: Sequence[float], scale: float, colour: Colour) -> tuple[list[float], list[float]]:
    low, high = [corner * scale for corner in corners[:2]], [corner * scale for corner in corners[2:]]
    high = [max(one, other) for one, other in zip(low, high, strict=True)]
    draw.rectangle([*low, *high], outline=colour, width=2)
    return low, high


def _sheet(
    path: Path,
    images: Pictures,
    rows: Sequence[int],
    marked: Sequence[Sequence[tuple[Boxes, Colour]]],
    captions: Sequence[str],
    title: Sequence[tuple[str, Colour]],
) -> None:
    """Pictures with boxes in rows, each with its caption, below a line of title."""
    from PIL import Image, ImageDraw, ImageFont

    height = max(1, round(TILE * images.shape[1] / images.shape[2]))
    step, down = (TILE + GAP, height + LINE + GAP), -(-len(rows) // ACROSS)
    sheet = Image.new("RGB", (ACROSS * step[0] + GAP, down * step[1] + LINE + 2 * GAP), WHITE)
    draw, font, at = ImageDraw.Draw(sheet), ImageFont.load_default(12), float(GAP)
    for words, colour in title:
        draw.text((at, GAP), words, fill=colour, font=font)
        at += draw.textlength(words, font=font)
    for place, (row, marks, caption) in enumerate(zip(rows, marked, captions, strict=True)):
        shown, scale = _enlarged(images[row], TILE)
        for corners, colour in marks:
            _box(ImageDraw.Draw(shown), corners.tolist(), scale, colour)
        left, top = GAP + place % ACROSS * step[0], LINE + 2 * GAP + place // ACROSS * step[1]
        sheet.paste(shown, (left, top))
        draw.text((left, top + height + 1), caption, fill=BLACK, font=font)
    sheet.save(path)

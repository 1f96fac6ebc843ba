"""Pictures with their masks drawn over them, by Pillow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.data.masks import IGNORED
from foldwise.tasks.segmentation.scores import by_picture, condense

Codes = npt.NDArray[np.uint8]
Pictures = npt.NDArray[np.uint8]

ACROSS, MOST = 3, 24  # pairs of pictures in a row, and in all
TILE, GAP, LINE = 192, 8, 16  # pixels of the sheet: side of a picture, space between, height of a line of text
WHITE, BLACK = (255, 255, 255), (30, 30, 30)
# What an answer has right, invents and misses; told apart by people who do not see red and green alike.
RIGHT, INVENTED, MISSED = (0, 158, 115), (230, 159, 0), (204, 51, 153)
# Of classes in the order of their codes, but the first, which is the background. Source: Okabe and Ito 2008.
COLOURS = ((240, 228, 66), (86, 180, 233), (213, 94, 0), (0, 114, 178), (204, 121, 167), (0, 158, 115), (230, 159, 0))
OPAQUE = 0.55


def draw_masks(path: Path, images: Pictures, masks: Codes) -> Path:
    """Pictures and beside each its mask, in the order of the rows.

    images: (rows, height, width, channels). masks: (rows, height, width), codes or IGNORED.
    """
    some = images[:MOST], masks[:MOST]
    pairs = [(rgb(image), coloured(rgb(image), mask)) for image, mask in zip(*some, strict=True)]
    _sheet(path, pairs, [f"row {row + 1}" for row in range(len(pairs))], [("pictures, and the classes of their masks", BLACK)])
    return path


def draw_answers(path: Path, images: Pictures, truth: Codes, answers: Codes, classes: Sequence[str]) -> Path:
    """Pictures and beside each what its answer has right and wrong; the picture with the lowest score first."""
    scores = by_picture(condense(truth, answers, len(classes)))
    order = np.argsort(scores, kind="stable")[:MOST]
    pairs = [(rgb(images[row]), judged(rgb(images[row]), truth[row], answers[row])) for row in order]
    captions = [f"row {row + 1}: {scores[row]:.2f}" for row in order]
    title = [
        (f"{len(order)} of {len(images)} pictures, the lowest intersection over union first: ", BLACK),
        ("right  ", RIGHT),
        ("invented  ", INVENTED),
        ("missed", MISSED),
    ]
    _sheet(path, pairs, captions, title)
    return path


def rgb(image: Pictures) -> Pictures:
    """A picture (height, width, channels) as colours (height, width, 3); the mean of channels that are none."""
    if image.shape[-1] in (3, 4):
        return image[..., :3]
    return np.repeat(image.mean(axis=-1, keepdims=True).astype(np.uint8), 3, axis=-1)


def coloured(picture: Pictures, mask: Codes) -> Pictures:
    """A picture under the colours of its classes; the background is left as it is, and ignored pixels are white."""
    shown = picture.astype(np.float64)
    for code in np.unique(mask):
        if code:
            colour = WHITE if code == IGNORED else COLOURS[(int(code) - 1) % len(COLOURS)]
            shown[mask == code] = (1 - OPAQUE) * shown[mask == code] + OPAQUE * np.array(colour)
    return shown.astype(np.uint8)


def judged(picture: Pictures, truth: Codes, answer: Codes) -> Pictures:
    """A picture under what its answer has right, invents and misses; ignored pixels are left as they are."""
    known = truth != IGNORED
    parts = {
        RIGHT: known & (truth == answer) & (truth != 0),
        INVENTED: known & (truth != answer) & (answer != 0),
        MISSED: known & (truth != answer) & (answer == 0),
    }
    shown = picture.astype(np.float64)
    for colour, there in parts.items():
        shown[there] = (1 - OPAQUE) * shown[there] + OPAQUE * np.array(colour)
    return shown.astype(np.uint8)


def _sheet(
    path: Path,
    pairs: Sequence[tuple[Pictures, Pictures]],
    captions: Sequence[str],
    title: Sequence[tuple[str, tuple[int, int, int]]],
) -> None:
    """Pairs of pictures in rows, each with its caption, below a line of title."""
    from PIL import Image, ImageDraw, ImageFont

    height, width = pairs[0][0].shape[:2] if pairs else (1, 1)
    size = (TILE, max(1, round(TILE * height / width)))
    across, down = ACROSS, -(-len(pairs) // ACROSS)
    step = (2 * size[0] + 2 * GAP, size[1] + LINE + GAP)
    sheet = Image.new("RGB", (across * step[0] + GAP, down * step[1] + LINE + 2 * GAP), WHITE)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(12)
    at = float(GAP)
    for words, colour in title:
        draw.text((at, GAP), words, fill=colour, font=font)
        at += draw.textlength(words, font=font)
    for place, (pair, caption) in enumerate(zip(pairs, captions, strict=True)):
        left, top = GAP + place % across * step[0], LINE + 2 * GAP + place // across * step[1]
        for side, picture in enumerate(pair):
            shown: Any = Image.fromarray(np.ascontiguousarray(picture)).resize(size, Image.Resampling.NEAREST)
            sheet.paste(shown, (left + side * (size[0] + 1), top))
        draw.text((left, top + size[1] + 1), caption, fill=BLACK, font=font)
    sheet.save(path)

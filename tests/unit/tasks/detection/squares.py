"""Made pictures whose objects are known: light and dark squares on a grey ground."""

import json

import numpy as np

LABELS = ("dark", "light")


def squares(count=120, side=48, seed=0):
    """Pictures (count, side, side, 1), and for each a list of label and corners; one in ten has no square."""
    rng = np.random.default_rng(seed)
    images = rng.integers(110, 140, (count, side, side, 1), dtype=np.uint8)
    boxes = []
    for image in images:
        taken = np.zeros((side, side), bool)
        own = []
        for _ in range(rng.choice([0, 1, 2, 3], p=[0.1, 0.3, 0.3, 0.3])):
            length = int(rng.integers(7, 16))
            left, top = (int(start) for start in rng.integers(0, side - length, 2))
            place = (slice(top, top + length), slice(left, left + length))
            if taken[place].any():
                continue
            taken[place] = True
            code = int(rng.integers(2))
            image[place] = (40, 220)[code]
            own.append({"label": LABELS[code], "box": [left, top, left + length, top + length]})
        boxes.append(own)
    return images, boxes


def write_squares(folder, **options):
    """An archive and its file of boxes; returns the words of a command."""
    images, boxes = squares(**options)
    np.savez(folder / "squares.npz", images=images)
    (folder / "squares.json").write_text(json.dumps({"images": [{"boxes": own} for own in boxes]}))
    return ["data=npz", f"data.path={folder / 'squares.npz'}", "data.boxes=squares.json"]

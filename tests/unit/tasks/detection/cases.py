"""Random pictures with true and predicted boxes, for comparisons with other implementations."""

import numpy as np


def random_case(seed, pictures=6, labels=3, crowd=8):
    """Truth (pictures, most, 5) and found boxes (pictures, 100, 6), with ties of scores and overlaps, and empty pictures."""
    rng = np.random.default_rng(seed)
    truth = np.full((pictures, crowd, 5), -1.0, np.float32)
    found = np.full((pictures, 100, 6), -1.0, np.float32)
    for place in range(pictures):
        true = int(rng.choice([0, 1, 3, crowd]))
        low = rng.integers(0, 40, (true, 2))
        truth[place, :true] = np.column_stack([rng.integers(0, labels, true), low, low + rng.integers(4, 24, (true, 2))])
        rows = [
            [label, *(box + rng.integers(-3, 4, 4))] for label, *box in truth[place, :true] for _ in range(rng.integers(0, 3))
        ]
        rows += [
            [rng.integers(0, labels), *low, *(low + rng.integers(4, 24, 2))]
            for low in rng.integers(0, 40, (rng.integers(0, 5), 2))
        ]
        boxes = np.array([row for row in rows if row[3] > row[1] and row[4] > row[2]], np.float32).reshape(-1, 5)
        scores = np.round(rng.uniform(0.05, 1.0, len(boxes)), rng.choice([1, 4])).astype(np.float32)
        order = np.argsort(-scores, kind="stable")
        found[place, : len(boxes)] = np.column_stack([boxes[:, 0], scores, boxes[:, 1:]])[order]
    return truth, found

"""What a detector must beat: the usual box of each label at its usual place, and no boxes at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from foldwise.tasks.detection.boxes import EMPTY, FOUND_WIDTH, MOST_FOUND, is_box

Boxes = npt.NDArray[np.floating]


def mean_box(truth: Boxes, pictures: int, labels: int) -> npt.NDArray[np.float32]:
    """In every picture one box of each label: the mean of its corners; its score is the share of pictures with that label.

    truth: of the training pictures, (rows, most, 5). pictures: how many to answer.
    """
    rows = []
    for label in range(labels):
        own = truth[is_box(truth) & (truth[..., 0] == label)]
        if len(own):
            share = float((is_box(truth) & (truth[..., 0] == label)).any(axis=1).mean())
            rows.append([label, share, *own[:, 1:].mean(axis=0, dtype=np.float64)])
    rows = sorted(rows, key=lambda row: -row[1])[:MOST_FOUND]
    found = no_boxes(truth, pictures, labels)
    found[:, : len(rows)] = np.array(rows, dtype=np.float32).reshape(-1, FOUND_WIDTH)
    return found


def no_boxes(truth: Boxes, pictures: int, labels: int) -> npt.NDArray[np.float32]:
    """Nothing in any picture."""
    del truth, labels
    return np.full((pictures, MOST_FOUND, FOUND_WIDTH), EMPTY, dtype=np.float32)


BASELINES: Mapping[str, Callable[[Boxes, int, int], npt.NDArray[np.float32]]] = {"mean_box": mean_box, "no_boxes": no_boxes}

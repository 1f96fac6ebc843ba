"""All figures of the chosen model: its predictions on the holdout, its first layer, its network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from foldwise.evaluation.metrics import confusion
from foldwise.models.heads import label_codes
from foldwise.models.network_graph import NetworkGraph
from foldwise.report.figures.box_curves import draw_box_curves
from foldwise.report.figures.calibration import draw_calibration
from foldwise.report.figures.confusion import draw_confusion
from foldwise.report.figures.filters import draw_filters
from foldwise.report.figures.mistakes import draw_largest_errors, draw_mistakes
from foldwise.report.figures.names import drawable
from foldwise.report.figures.network import draw_network
from foldwise.report.figures.ranking import draw_precision_recall, draw_roc
from foldwise.report.figures.regression import draw_predicted_true, draw_residuals
from foldwise.report.figures.style import save
from foldwise.spec.goal import CLASSES, Task
from foldwise.tasks.several.scores import PREDICTION

Array = npt.NDArray[Any]
MOST_NUMBERS = 10  # of several, that are drawn


def draw_model(
    folder: Path,
    *,
    task: Task,
    target: str,
    labels: Sequence[str],
    truth: Array,
    predictions: npt.NDArray[np.float64],
    threshold: float,
    images: Array | None,
    network: NetworkGraph,
) -> list[Path]:
    """Write the figures that have something to show; return their paths.

    Args:
        folder: for the figures; created if missing.
        task: the kind of prediction.
        target: the name of the target.
        labels: () for regression; of two labels, the second is the positive one; of boxes their classes; the names of numbers.
        truth: class codes or numbers of the holdout, (rows,), or (rows, numbers).
        predictions: class probabilities (rows, classes) or numbers (rows,); all finite; of boxes and of several
            numbers condensed, see `detection.precision` and `several.scores`.
        threshold: of two labels, the second is the answer if its probability is above the threshold.
        images: (rows, height, width, channels), if rows are images.
        network: with its first layer, if that was inspected with these images.
    """
    holdout: Iterator[tuple[str, Figure | None]] = iter(())  # of masks and boxes: the task draws the pictures itself
    if task == "regression":
        holdout = _numbers(target, truth, predictions, images)
    elif task in CLASSES:
        holdout = _classes(target, labels, truth, predictions, threshold, images)
    elif task == "detection":
        holdout = iter([("precision_recall", draw_box_curves(predictions, labels))])
    elif task == "multioutput":
        holdout = _several(labels, truth, predictions)
    drawn = [save(figure, folder / f"{name}.png") for name, figure in holdout if figure is not None] if len(truth) else []
    if images is not None and network.first is not None:
        drawn.append(save(draw_filters(network.first, images), folder / "filters.png"))
    return [*drawn, save(draw_network(network), folder / "network.png")]


def _classes(
    target: str,
    labels: Sequence[str],
    truth: Array,
    predictions: npt.NDArray[np.float64],
    threshold: float,
    images: Array | None,
) -> Iterator[tuple[str, Figure | None]]:
    positive = f"{drawable(target, 20)} = {drawable(labels[1], 20)}" if len(labels) == 2 else None
    yield "confusion", draw_confusion(confusion(truth, predictions, threshold), labels)
    yield "roc", draw_roc(truth, predictions, labels, positive, threshold)
    yield "precision_recall", draw_precision_recall(truth, predictions, labels, positive, threshold)
    yield "calibration", draw_calibration(truth, predictions, positive)
    if images is not None:
        yield "mistakes", draw_mistakes(images, truth, predictions, label_codes(predictions, threshold), labels)


def _several(names: Sequence[str], truth: Array, rows: npt.NDArray[np.float64]) -> Iterator[tuple[str, Figure | None]]:
    """The figures of a number for each of the first ones. rows: condensed, see `several.scores`."""
    for place, name in enumerate(names[:MOST_NUMBERS]):
        for figure, drawn in _numbers(name, truth[:, place], rows[:, place, PREDICTION], None):
            yield f"{figure}_{place + 1}", drawn


def _numbers(
    target: str, truth: Array, predictions: npt.NDArray[np.float64], images: Array | None
) -> Iterator[tuple[str, Figure | None]]:
    yield "predicted_true", draw_predicted_true(truth, predictions, target)
    yield "residuals", draw_residuals(truth, predictions, target)
    if images is not None:
        yield "mistakes", draw_largest_errors(images, truth, predictions, target)

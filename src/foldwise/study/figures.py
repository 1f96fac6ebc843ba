"""The figures of a study: of its search, of its model's predictions on the holdout, and of its network."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy.typing as npt

from foldwise.bundle.bundle import Bundle
from foldwise.data.preparation.pixels import ImagePreparation
from foldwise.models.inspect import network_graph_of
from foldwise.report.figures.model import draw_model
from foldwise.report.figures.search import draw_search
from foldwise.study.boundary import draw_model_boundary
from foldwise.study.plan import Plan
from foldwise.system.redact import first_line
from foldwise.trial.result import TrialResult
from foldwise.trial.summary import BaselineScore


@dataclass(frozen=True, eq=False)
class Answers:
    """A model's predictions on the holdout.

    truth: (rows,), codes of labels, or values.
    predictions: (rows, classes) probabilities, or (rows,) values.
    threshold: for two classes, the probability above which the second is predicted.
    """

    truth: npt.NDArray[Any]
    predictions: npt.NDArray[Any]
    threshold: float


def draw_figures(
    plan: Plan,
    bundle: Bundle,
    results: Sequence[TrialResult],
    baselines: Sequence[BaselineScore],
    answers: Answers,
    notify: Callable[[str], None],
) -> None:
    """Write `figures/`, unless the configuration turns them off. A figure that cannot be drawn is reported and skipped."""
    tracking, folder = plan.spec.fixed.tracking, plan.folder / "figures"
    if tracking.kind == "in_memory" or not tracking.figures:
        return
    shutil.rmtree(folder, ignore_errors=True)  # no figures of an earlier end are left among these
    parts: Mapping[str, Callable[[], list[Path]]] = {
        "search": partial(draw_search, folder, plan.spec.name, plan.recipe, results, plan.goal, baselines),
        "model": partial(_draw_answers, folder, plan, bundle, answers),
        "boundary": partial(draw_model_boundary, folder, plan, bundle, answers.threshold),
    }
    for part, draw in parts.items():
        try:
            draw()
        except Exception as fault:  # noqa: BLE001 - a study must not fail for a figure
            notify(f"figures of the {part} could not all be drawn: {first_line(fault)}")


def _draw_answers(folder: Path, plan: Plan, bundle: Bundle, answers: Answers) -> list[Path]:
    table, images, preparation = plan.table, plan.holdout.images, bundle.preparation
    seen = (
        (preparation.rows(images), images.shape[1:]) if images is not None and isinstance(preparation, ImagePreparation) else ()
    )
    return draw_model(
        folder,
        task=table.task,
        target=table.target_name,
        labels=table.labels,
        truth=answers.truth,
        predictions=answers.predictions,
        threshold=answers.threshold,
        images=images,
        network=network_graph_of(bundle.network, *seen),
    )

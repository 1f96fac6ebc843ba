"""The decision boundary of a study's model, with the rows that it was trained on and the holdout over it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.bundle.bundle import Bundle
from foldwise.data.preparation.fold import Preparation
from foldwise.data.table import Table
from foldwise.evaluation.plane import Plane, held_at, plane_through
from foldwise.report.figures.boundary import Boundary, Dots, draw_boundary
from foldwise.report.figures.style import save
from foldwise.study.plan import Plan

AT_ONCE = 4096  # rows that go through a network together


def draw_model_boundary(folder: Path, plan: Plan, bundle: Bundle, threshold: float) -> list[Path]:
    """Write `boundary.png`; nothing for images, for tables with fewer than two number columns, and for very many classes."""
    preparation, table = bundle.preparation, plan.table
    if not isinstance(preparation, Preparation) or table.targets:  # several numbers would need a picture each
        return []

    def predict(rows: pd.DataFrame) -> npt.NDArray[np.float64]:
        return bundle.scores_of(rows, AT_ONCE)

    trained = table.take(plan.development)
    frame = trained.frame[list(bundle.card.schema.names)]
    plane = plane_through(frame, preparation.measured, predict, plan.spec.fixed.seed)
    if plane is None:
        return []
    sides = {"training rows": trained, "holdout rows": plan.holdout}
    dots = [dots_of(plane, name, rows) for name, rows in sides.items() if len(rows)]
    steps, answers = len(plane.x), predict(plane.rows)
    figure = draw_boundary(
        Boundary(
            across=plane.across,
            up=plane.up,
            x=plane.x,
            y=plane.y,
            answers=answers.reshape(steps, steps, *answers.shape[1:]),
            target=table.target_name,
            labels=table.labels,
            threshold=threshold,
            held=held_at(plane.held),
            dots=dots,
        )
    )
    return [] if figure is None else [save(figure, folder / "boundary.png")]


def dots_of(plane: Plane, name: str, table: Table) -> Dots:
    """The rows of a table over the plane."""
    x, y = (table.frame[column].to_numpy(np.float64) for column in (plane.across, plane.up))
    return Dots(name, x, y, table.target)

"""The pictures of `prepare`: the first images with their labels, and the rows of each class."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foldwise.study.plan import Plan
from foldwise.tasks.table import task_of

IMAGES, CLASSES = "first_images.png", "classes.png"
FIRST = 40  # images


def draw_first_look(plan: Plan, prepared: Mapping[str, Any]) -> list[Path]:
    """Write the pictures that have something to show into the study's folder, beside `prepare.json`.

    Args:
        plan: the study's data.
        prepared: the dry run.

    Returns:
        Their paths; none for a table of numbers, or if the configuration turns figures off.
    """
    table, tracking, drawn = plan.table, plan.spec.fixed.tracking, list[Path]()
    if not tracking.figures or (table.images is None and not table.labels):
        return drawn
    if table.images is not None and table.classes:
        rows = plan.development[:FIRST]
        return task_of(table.task).draw(plan.folder, table.images[rows], table.target[rows], None, table.classes)
    from foldwise.report.figures.first_look import draw_classes, draw_first_images  # only now: it needs a second
    from foldwise.report.figures.style import save

    if table.images is not None:
        rows = plan.development[:FIRST]
        figure = draw_first_images(
            table.images[rows], table.target[rows], table.labels, table.target_name, len(plan.development)
        )
        drawn.append(save(figure, plan.folder / IMAGES))
    if table.labels:
        drawn.append(save(draw_classes(class_counts(prepared), table.target_name), plan.folder / CLASSES))
    return drawn


def class_counts(prepared: Mapping[str, Any]) -> dict[str, Mapping[str, float]]:
    """Part of the data -> label -> rows: development, holdout, and the balanced training rows of the first fold."""
    values, first = prepared["target_values"], prepared["folds"][0]
    parts = {"development": values["development"]}
    if prepared["rows"]["holdout"]:
        parts["holdout"] = values["holdout"]
    if "balanced" in first:
        parts["training rows of the first fold"] = first["train"]["target_values"]
        parts[f"the same after {prepared['balance']}"] = first["balanced"]["target_values"]
    return parts

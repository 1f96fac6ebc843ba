"""The page of one training step, and of how a network learns: numbers, a drawing, a boundary and curves over epochs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

from foldwise.report.figures.style import COLOURS
from foldwise.report.page_files import embedded, framed, page_file
from foldwise.system.files import atomically

SCRIPTS = ("step_parts", "step_learning", "step_numbers")  # in the order of their dependencies
DIGITS = 10  # of the step's numbers: enough to compute them again


def step_page(values: Mapping[str, Any]) -> str:
    """One self-contained HTML page.

    Args:
        values: about, network, step, epochs, curves and plane, as `study.step` makes them.
    """
    about, step = values["about"], values["step"]
    title = f"{about['study']}, trial {about['trial']}: training step {step['number']}"
    parts = {
        "title": escape(title),
        "made": datetime.now().astimezone().strftime("%Y-%m-%d %H:%M"),
        "style": page_file("step.css"),
        "script": "\n".join(page_file(f"{name}.js") for name in SCRIPTS),
        "data": embedded({**values, "colours": list(COLOURS)}, DIGITS),
    }
    return framed("step.html", parts)


def write_step_page(path: Path, values: Mapping[str, Any]) -> None:
    """Write the page."""
    text = step_page(values)
    atomically(path, lambda part: part.write_text(text, encoding="utf-8"))

"""The page of a search: Plotly's program once, its plots as plain values, and nothing from the network."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from plotly.offline import get_plotlyjs

from foldwise.report.compare_page import DIGITS
from foldwise.report.figures import history, importance, parallel, slices
from foldwise.report.figures.page_style import Panel
from foldwise.report.figures.searched import Seen
from foldwise.report.page_files import embedded, framed, page_file
from foldwise.system.files import atomically

PANELS: dict[str, Callable[[Seen], Panel]] = {
    "history": history.panel,
    "importance": importance.panel,
    "parallel": parallel.panel,
    "slices": slices.slices_panel,
    "pairs": slices.pairs_panel,
}


def panels(search: Seen) -> dict[str, Panel]:
    """The plots that have something to show, by the name of their place in the page."""
    return {name: draw(search) for name, draw in PANELS.items() if name in search.figures}


def page(search: Seen) -> str:
    """The page as HTML."""
    shown = panels(search)
    sections = [
        f'<section id="{name}"><h2>{escape(panel.heading)}</h2><p>{escape(panel.said)}</p>'
        f'<div class="plot" style="height:{panel.height}px"></div></section>'
        for name, panel in shown.items()
    ]
    if search.importance.why_not:
        sections.insert(1, f"<section><h2>Parameter importance</h2><p>{escape(importance.said(search))}</p></section>")
    plots = {name: {"data": panel.traces, "layout": panel.layout} for name, panel in shown.items()}
    parts = {
        "title": escape(f"Search of {search.name}"),
        "said": escape(_summary(search)),
        "style": page_file("search.css"),
        "sections": "\n".join(sections),
        "plotly": get_plotlyjs().replace("</script", "<\\/script"),
        "plots": embedded(_plain(plots)),
        "script": page_file("search.js"),
    }
    return framed("search.html", parts)


def write_page(search: Seen, path: Path) -> Path:
    """The page as a file."""
    text = page(search)
    atomically(path, lambda part: part.write_text(text, encoding="utf-8"))
    return path


def _summary(search: Seen) -> str:
    states = [result.state for result in search.results]
    counts = ", ".join(f"{states.count(state)} {state.lower()}" for state in dict.fromkeys(states))
    said = f"{len(states)} trials ({counts}); {search.goal.metric} is {search.goal.direction}d."
    if search.best is not None:
        said += f" The best is trial {search.best.number}: {search.best.mean:.4g} ± {search.best.sd:.2g}."
    return said


def _plain(value: Any) -> Any:
    """Plain values, with as many digits as can be seen."""
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value.tolist()]
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value

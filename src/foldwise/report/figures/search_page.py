"""The page of a search: one copy of Plotly, the plots as plain values, and nothing loaded from the network."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path

from plotly.offline import get_plotlyjs

from foldwise.report.figures import history, importance, parallel, slices
from foldwise.report.figures.page_style import Panel
from foldwise.report.figures.searched import Seen
from foldwise.report.page_files import DIGITS, embedded, framed, page_file
from foldwise.system.files import atomically
from foldwise.system.numbers import shown
from foldwise.trial.result import plus_minus

PANELS: dict[str, Callable[[Seen], Panel]] = {
    "history": history.panel,
    "importance": importance.panel,
    "parallel": parallel.panel,
    "slices": slices.slices_panel,
    "pairs": slices.pairs_panel,
}


def panels(search: Seen) -> dict[str, Panel]:
    """Section of the page -> its plot, for all plots that have something to show."""
    return {name: draw(search) for name, draw in PANELS.items() if name in search.figures}


def page(search: Seen) -> str:
    """The page as HTML."""
    drawn = panels(search)
    sections = [
        f'<section id="{name}"><h2>{escape(panel.heading)}</h2><p>{escape(panel.text)}</p>'
        f'<div class="plot" style="height:{panel.height}px"></div></section>'
        for name, panel in drawn.items()
    ]
    if search.importance.why_not:
        sections.insert(1, f"<section><h2>Parameter importance</h2><p>{escape(importance.basis(search))}</p></section>")
    plots = {name: {"data": panel.traces, "layout": panel.layout} for name, panel in drawn.items()}
    parts = {
        "title": escape(f"Search of {search.name}"),
        "summary": escape(_summary(search)),
        "style": page_file("search.css"),
        "sections": "\n".join(sections),
        "plotly": get_plotlyjs().replace("</script", "<\\/script"),
        "plots": embedded(plots, DIGITS),
        "script": page_file("search.js"),
    }
    return framed("search.html", parts)


def write_page(search: Seen, path: Path) -> Path:
    """Write the page; return its path."""
    text = page(search)
    atomically(path, lambda part: part.write_text(text, encoding="utf-8"))
    return path


def _summary(search: Seen) -> str:
    states = [result.state for result in search.results]
    counts = ", ".join(f"{states.count(state)} {state.lower()}" for state in dict.fromkeys(states))
    text = f"{len(states)} trials ({counts}); {search.goal.metric} is {search.goal.direction}d."
    if search.best is not None:
        best = search.best
        text += f" The best is trial {best.number}: {plus_minus(shown(best.mean), shown(best.sd, digits=2), len(best.folds))}."
    return text

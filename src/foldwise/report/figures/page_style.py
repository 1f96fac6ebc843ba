"""Parts shared by the panels of the page: escaped text, colours, and a grid of plots."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

from foldwise.report.figures.names import short
from foldwise.report.figures.searched import Seen
from foldwise.system.numbers import shown
from foldwise.trial.result import plus_minus

THIN = 2000  # trials; above this the dots do not carry the parameters
GRAPHICS = 500  # trials; above this dots are drawn by the graphics card


@dataclass(frozen=True)
class Panel:
    """One plot of the page: Plotly's traces and layout as plain values, with a heading and a description.

    The page replaces the colours INK and SCORE to suit its light or dark background. height: in pixels.
    """

    heading: str
    text: str
    traces: list[dict[str, Any]]
    layout: dict[str, Any]
    height: int


def many(search: Seen) -> bool:
    """Whether there are too many trials to show all details of each."""
    return len(search.results) > THIN


def dots(search: Seen) -> str:
    """The Plotly type of a trace with one dot per trial."""
    return "scattergl" if len(search.results) > GRAPHICS else "scatter"


def words(text: object, most: int = 40) -> str:
    """Escaped text for Plotly, which interprets some HTML."""
    return escape(short(str(text), most), quote=False)


def hover(search: Seen, place: int, params: bool) -> str:
    """The text for a trial under the mouse."""
    result = search.results[place]
    score = search.scores[place] if search.scored[place] else search.promised.get(result.number)
    lines = [f"<b>trial {result.number}</b> {result.state}"]
    if score is not None:
        whole = search.scored[place]
        text = shown(score, digits=5)
        text = plus_minus(text, shown(result.sd, digits=2), len(result.folds)) if whole else f"{text} (folds reached)"
        lines.append(f"{words(search.goal.metric)} {text}")
    if result.reason:
        lines.append(escape(result.reason[:120], quote=False))
    if params:
        known = [(column.name, column.shown(place)) for column in search.columns]
        lines += [f"{words(name)} = {words(value)}" for name, value in known if value is not None][:25]
    return "<br>".join(lines)


def most_important(shown: int, count: int) -> str:
    """A sentence that says how many of the parameters are shown; empty if all are."""
    return "" if shown == count else f" Shown are the {shown} most important of {count} parameters."


def grid(count: int, across: int, gap: tuple[float, float]) -> list[tuple[list[float], list[float]]]:
    """The places of `count` plots, row by row from the top: (from, to) across and (from, to) up, as shares of the whole."""
    down = -(-count // across)
    width = (1 - gap[0] * (across - 1)) / across
    height = (1 - gap[1] * (down - 1)) / down
    found = []
    for place in range(count):
        row, column = divmod(place, across)
        left, top = column * (width + gap[0]), 1 - row * (height + gap[1])
        found.append(([round(left, 5), round(left + width, 5)], [round(max(0.0, top - height), 5), round(top, 5)]))
    return found

"""What the panels of the page share: text that cannot be taken for markup, colours, and a grid of plots."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

from foldwise.report.figures.scales import short
from foldwise.report.figures.searched import Seen

THIN = 2000  # trials: from here on a trial's parameters are not in every dot
GRAPHICS = 500  # trials: from here on dots are drawn by the graphics card


@dataclass(frozen=True)
class Panel:
    """One plot of the page: Plotly's traces and layout as plain values, with a heading and a sentence.

    A colour INK or SCORE is replaced in the page by what suits its light or dark background.
    """

    heading: str
    said: str
    traces: list[dict[str, Any]]
    layout: dict[str, Any]
    height: int


def many(search: Seen) -> bool:
    """Whether there are too many trials to say everything of each."""
    return len(search.results) > THIN


def dots(search: Seen) -> str:
    """The kind of a trace of one dot a trial."""
    return "scattergl" if len(search.results) > GRAPHICS else "scatter"


def words(text: object, most: int = 40) -> str:
    """Text for Plotly, which reads some HTML: a name is never a tag."""
    return escape(short(str(text), most), quote=False)


def hover(search: Seen, place: int, params: bool) -> str:
    """What is said of a trial under the mouse."""
    result = search.results[place]
    score = search.scores[place] if search.scored[place] else search.promised.get(result.number)
    lines = [f"<b>trial {result.number}</b> {result.state}"]
    if score is not None:
        spread = f" ± {result.sd:.2g}" if search.scored[place] else " (folds reached)"
        lines.append(f"{words(search.goal.metric)} {score:.5g}{spread}")
    if result.reason:
        lines.append(escape(result.reason[:120], quote=False))
    if params:
        known = [(column.name, column.shown(place)) for column in search.columns]
        lines += [f"{words(name)} = {words(value)}" for name, value in known if value is not None][:25]
    return "<br>".join(lines)


def grid(count: int, across: int, gap: tuple[float, float]) -> list[tuple[list[float], list[float]]]:
    """Where so many plots lie, row by row from the top: (from, to) to the right and upwards, as shares of the whole."""
    down = -(-count // across)
    width = (1 - gap[0] * (across - 1)) / across
    height = (1 - gap[1] * (down - 1)) / down
    found = []
    for place in range(count):
        row, column = divmod(place, across)
        left, top = column * (width + gap[0]), 1 - row * (height + gap[1])
        found.append(([round(left, 5), round(left + width, 5)], [round(max(0.0, top - height), 5), round(top, 5)]))
    return found

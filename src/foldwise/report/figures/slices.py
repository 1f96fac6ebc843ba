"""Slices: the score against each parameter. Pairs: two parameters against each other, coloured by the score."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from foldwise.report.figures.names import short
from foldwise.report.figures.page_style import Panel, dots, grid, most_important, words
from foldwise.report.figures.scales import apart, ends, ticks
from foldwise.report.figures.score_axes import (
    MANY,
    PANELS,
    WIDTH,
    colour_bar,
    colours,
    note,
    on_the_edge,
    parameter_axis,
    part_of,
    score_limits,
    thinned,
)
from foldwise.report.figures.searched import Seen
from foldwise.report.figures.style import COLOURS, canvas, plain
from foldwise.system.numbers import shown
from foldwise.tuning.columns import Column

BEST = COLOURS[1]


def draw_slices(search: Seen) -> Figure:
    """The slices as a picture."""
    columns = search.columns[:PANELS]
    across = min(3, len(columns))
    figure = canvas(WIDTH if across > 1 else 4.5, 0.5 + 2.3 * -(-len(columns) // across))
    every = figure.subplots(-(-len(columns) // across), across, sharey=True, squeeze=False)
    shown, best = np.clip(search.scores, *search.limits), _best_place(search)
    for place, (axes, column) in enumerate(zip(every.flat, columns, strict=False)):
        here, across_at = search.scored & column.present, apart(column)
        size = 14 if len(shown) <= MANY else 4
        axes.scatter(across_at[here], shown[here], s=size, color=COLOURS[0], alpha=0.6, linewidths=0)
        if best is not None and column.present[best]:
            axes.scatter(
                across_at[[best]], shown[[best]], s=90, color=BEST, marker="*", edgecolors="white", linewidths=0.6, zorder=4
            )
        plain(axes, "", short(column.name, 30), search.goal.metric if place % across == 0 else "")
        parameter_axis(axes, column, most=4)
        if here.sum() < search.scored.sum():
            note(axes, f"in {here.sum()} of {search.scored.sum()} trials")
    for axes in every.flat[len(columns) :]:
        axes.set_axis_off()
    score_limits(every[0, 0], search)
    notes = ["star: the best trial", on_the_edge(search)]
    if len(columns) < len(search.columns):
        notes.append(part_of(len(columns), len(search.columns), "parameters"))
    figure.suptitle(f"Score against each parameter ({'; '.join(filter(None, notes))})", x=0.01, ha="left", fontsize=10)
    return figure


def draw_pairs(search: Seen) -> Figure:
    """The pairs as a picture."""
    pairs = search.pairs
    across = min(2, len(pairs))
    figure = canvas(WIDTH if across > 1 else 5.0, 0.7 + 2.3 * -(-len(pairs) // across))
    every = figure.subplots(-(-len(pairs) // across), across, squeeze=False)
    order, best = thinned(search), _best_place(search)
    for (left, right), axes in zip(pairs, every.flat, strict=False):
        kept = order[(left.present & right.present)[order]]
        x, y = apart(left), apart(right, up=True)
        shade = colours(search).to_rgba(search.scores[kept])
        axes.scatter(x[kept], y[kept], s=18 if len(order) <= MANY else 6, color=shade, linewidths=0)
        if best is not None and best in kept:
            axes.scatter(
                x[[best]], y[[best]], s=90, facecolors="none", marker="*", edgecolors="black", linewidths=0.8, zorder=4
            )
        plain(axes, "", short(left.name, 28), short(right.name, 28))
        parameter_axis(axes, left, most=4)
        parameter_axis(axes, right, up=True)
    for axes in every.flat[len(pairs) :]:
        axes.set_axis_off()
    colour_bar(figure, every, search)
    notes = [part_of(len(order), int(search.scored.sum()), "complete trials"), "star: the best"]
    figure.suptitle(f"Score by pairs of parameters ({'; '.join(notes)})", x=0.01, ha="left", fontsize=10)
    return figure


def _best_place(search: Seen) -> int | None:
    return None if search.best is None else search.place(search.best.number)


def slices_panel(search: Seen) -> Panel:
    """The slices in the page."""
    columns = search.columns[:PANELS]
    cells = grid(len(columns), min(3, len(columns)), (0.05, 0.3 / max(1, -(-len(columns) // 3))))
    low, high = search.limits
    air = 0.06 * ((high - low) or abs(high) or 1.0)
    traces: list[dict[str, Any]] = []
    layout: dict[str, Any] = {}
    for place, (column, (right, up)) in enumerate(zip(columns, cells, strict=True), 1):
        here = np.flatnonzero(search.scored & column.present)
        end = "" if place == 1 else str(place)
        traces.append(
            _dots(search, here, column, apart(column)[here], search.scores[here], end)
            | {"hovertemplate": "trial %{customdata[0]}<br>%{customdata[1]} → %{y:.5g}<extra></extra>"}
        )
        traces[-1]["marker"]["color"] = COLOURS[0]
        layout[f"xaxis{end}"] = _axis(column) | {"domain": right, "anchor": f"y{end}"}
        matched: dict[str, Any] = {"range": [low - air, high + air]} if place == 1 else {"matches": "y"}
        title = {"title": {"text": words(search.goal.metric)}} if right[0] == 0 else {"showticklabels": False}
        layout[f"yaxis{end}"] = {"domain": up, "anchor": f"x{end}", **matched, **title}
    text = "The score against each parameter, for the complete trials that have it. Trials of one category are spread sideways."
    text += most_important(len(columns), len(search.columns))
    layout["showlegend"] = False
    return Panel("Slices", text, traces, layout, 60 + 270 * -(-len(columns) // 3))


def pairs_panel(search: Seen) -> Panel:
    """The pairs in the page."""
    pairs = search.pairs
    cells = grid(len(pairs), min(2, len(pairs)), (0.16, 0.3 / max(1, -(-len(pairs) // 2))))
    kept, (low, high) = thinned(search), search.limits
    traces: list[dict[str, Any]] = []
    layout: dict[str, Any] = {}
    for place, ((left, above), (right, up)) in enumerate(zip(pairs, cells, strict=True), 1):
        here = kept[(left.present & above.present)[kept]]
        end = "" if place == 1 else str(place)
        trace = _dots(search, here, left, apart(left)[here], apart(above, up=True)[here], end)
        values = [[number, x, above.shown(spot)] for (number, x), spot in zip(trace["customdata"], here, strict=True)]
        trace |= {"customdata": values, "text": [shown(score, digits=5) for score in search.scores[here]]}
        trace["hovertemplate"] = "trial %{customdata[0]}: %{text}<br>%{customdata[1]}<br>%{customdata[2]}<extra></extra>"
        trace["marker"] |= {"color": search.scores[here], "coloraxis": "coloraxis", "opacity": 0.9}
        traces.append(trace)
        layout[f"xaxis{end}"] = _axis(left) | {"domain": right, "anchor": f"y{end}"}
        layout[f"yaxis{end}"] = _axis(above) | {"domain": up, "anchor": f"x{end}"}
    layout["showlegend"] = False
    layout["coloraxis"] = {
        "colorscale": "SCORE",
        "reversescale": search.goal.sign < 0,
        "cmin": low,
        "cmax": high if high > low else low + 1,
        "colorbar": {"title": {"text": words(search.goal.metric)}, "thickness": 14},
    }
    text = "Pairs of the most important parameters, coloured by the score, for the trials that have both"
    text += f" ({part_of(len(kept), int(search.scored.sum()), 'complete trials')})."
    return Panel("Pairs", text, traces, layout, 60 + 290 * -(-len(pairs) // 2))


def _dots(
    search: Seen,
    here: npt.NDArray[np.intp],
    column: Column,
    x: npt.NDArray[np.float64],
    y: npt.NDArray[np.float64],
    end: str,
) -> dict[str, Any]:
    thin = len(search.results) > MANY
    known = [[search.results[place].number, words(column.shown(place))] for place in here]
    place = {"xaxis": f"x{end}", "yaxis": f"y{end}"}
    marker = {"size": 4 if thin else 7, "opacity": 0.65}
    return {"type": dots(search), "mode": "markers", "x": x, "y": y, "customdata": known, "marker": marker, **place}


def _axis(column: Column) -> dict[str, Any]:
    title = {"title": {"text": words(column.name, 34), "font": {"size": 12}}}
    if column.levels is not None:
        at, text = ticks(column)
        return {
            **title,
            "type": "linear",
            "tickvals": at,
            "ticktext": [words(word) for word in text],
            "range": [-0.5, len(column.levels) - 0.5],
        }
    if not column.log:
        return {**title, "type": "linear"}
    low, high = ends(column)
    return {**title, "type": "log", "dtick": "D2" if high - low < 2 else 1}

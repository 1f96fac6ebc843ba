"""The optimisation history: every trial by number, with how it ended, and the best score so far."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from foldwise.report.figures.names import short
from foldwise.report.figures.page_style import THIN, Panel, dots, hover, many, words
from foldwise.report.figures.score_axes import MANY, WIDTH, note, on_the_edge, score_limits, whole_numbers
from foldwise.report.figures.searched import Seen
from foldwise.report.figures.style import COLOURS, GREY, canvas, plain

BEST, BASELINE, LOST = "black", COLOURS[2], COLOURS[1]
RING: dict[str, Any] = {"s": 46, "facecolors": "none", "edgecolors": "black", "linewidths": 0.8, "zorder": 3}
MODEL: dict[str, Any] = {"s": 90, "facecolors": "none", "edgecolors": LOST, "marker": "D", "linewidths": 1.4, "zorder": 4}


def best_so_far(search: Seen) -> list[tuple[int, float]]:
    """Trial and score at each change of the best score, and again at the last trial."""
    found: list[tuple[int, float]] = []
    for result, scored in zip(search.results, search.scored, strict=True):
        if scored and (not found or search.goal.better(result.mean, found[-1][1])):
            found.append((result.number, result.mean))
    return [*found, (search.results[-1].number, found[-1][1])] if found else []


def without_score(search: Seen) -> list[int]:
    """The places of trials without any score, not even of one fold."""
    ended = zip(search.results, search.scored, strict=True)
    return [place for place, (result, ok) in enumerate(ended) if not ok and result.number not in search.promised]


def draw(search: Seen) -> Figure:
    """The history as a picture."""
    figure = canvas(WIDTH, 3.6)
    axes = plain(figure.subplots(), "Optimisation history", "trial", search.goal.metric)
    numbers, (low, high) = np.array([result.number for result in search.results]), search.limits
    size = 18 if len(numbers) <= MANY else 5
    scored, shown = search.scored, np.clip(search.scores, low, high)
    axes.scatter(
        numbers[scored], shown[scored], s=size, color=COLOURS[0], alpha=0.7, linewidths=0, label=f"complete ({scored.sum()})"
    )
    if len(search.tied):
        ring = RING if size > 5 else RING | {"s": 14, "linewidths": 0.6}
        label = f"within noise of the best ({len(search.tied)})"
        axes.scatter(numbers[search.tied], shown[search.tied], **ring, label=label)
    if search.refitted is not None:
        at = [search.refitted]
        axes.scatter(numbers[at], shown[at], **MODEL, label=f"the model (trial {numbers[at[0]]})")
    if search.promised:
        label = f"stopped, score of the folds reached ({len(search.promised)})"
        heights = np.clip(list(search.promised.values()), low, high)
        axes.scatter(
            list(search.promised), heights, s=size, facecolors="none", marker="^", edgecolors=GREY, linewidths=0.8, label=label
        )
    rival = search.rival
    within = rival is not None and abs(rival.mean - (low + high) / 2) <= 1.5 * ((high - low) or abs(high) or 1.0)
    score_limits(axes, search, (rival.mean,) if rival is not None and within else ())
    lost = without_score(search)
    if lost:
        edge = axes.get_ylim()[0 if search.goal.sign > 0 else 1]
        label = f"without a score ({len(lost)})"
        small = size <= 5
        style: dict[str, Any] = {"s": 8 if small else 20, "linewidths": 0.5 if small else 1, "clip_on": False, "zorder": 5}
        axes.scatter(numbers[lost], [edge] * len(lost), color=LOST, marker="x", label=label, **style)
    line = best_so_far(search)
    axes.step([n for n, _ in line], [score for _, score in line], where="post", color=BEST, linewidth=1.4, label="best so far")
    if rival is not None and within:
        label = f"baseline {short(rival.name)}"
        axes.axhline(rival.mean, color=BASELINE, linestyle="--", linewidth=1.2, label=label)
    note(axes, on_the_edge(search))
    whole_numbers(axes)
    figure.legend(loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    return figure


def panel(search: Seen) -> Panel:
    """The history in the page."""
    thin = many(search)
    low, high = search.limits
    air = 0.06 * ((high - low) or abs(high) or 1.0)
    edge = low - air if search.goal.sign > 0 else high + air
    stopped = [(p, search.promised[r.number]) for p, r in enumerate(search.results) if r.number in search.promised]
    groups: list[tuple[str, list[tuple[int, float]], str, str]] = [
        ("complete", [(int(p), float(search.scores[p])) for p in np.flatnonzero(search.scored)], "circle", COLOURS[0]),
        ("stopped, score of the folds reached", stopped, "triangle-up-open", GREY),
        ("without a score", [(place, edge) for place in without_score(search)], "x", LOST),
    ]
    traces: list[dict[str, Any]] = [
        {
            "type": dots(search),
            "mode": "markers",
            "name": f"{name} ({len(spots)})",
            "x": [search.results[place].number for place, _ in spots],
            "y": [score for _, score in spots],
            "text": [hover(search, place, params=not thin) for place, _ in spots],
            "hovertemplate": "%{text}<extra></extra>",
            "marker": {"symbol": symbol, "color": colour, "size": 5 if thin else 8, "opacity": 0.75},
        }
        for name, spots, symbol, colour in groups
        if spots
    ]
    traces += marked(search)
    line = best_so_far(search)
    traces.append(
        {
            "type": "scatter",
            "mode": "lines",
            "name": "best so far",
            "x": [number for number, _ in line],
            "y": [score for _, score in line],
            "line": {"shape": "hv", "width": 2, "color": "INK"},
            "hoverinfo": "skip",
        }
    )
    rival = search.rival
    if rival is not None and math.isfinite(rival.mean):
        first, last = search.results[0].number, search.results[-1].number
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": f"baseline {words(rival.name)}",
                "x": [first, last],
                "y": [rival.mean] * 2,
                "line": {"dash": "dash", "color": BASELINE},
                "hoverinfo": "skip",
            }
        )
    layout = {
        "xaxis": {"title": {"text": "trial"}},
        "yaxis": {"title": {"text": words(search.goal.metric)}, "range": [low - 2 * air, high + 2 * air]},
        "legend": {"orientation": "h", "y": -0.2},
    }
    text = "Each dot is a trial; a trial without a score is drawn at the edge."
    if thin:
        text += f" With more than {THIN} trials, parameters are not shown here; they are in trials.parquet."
    if len(search.tied):
        text += " A ring marks a trial that a test over the folds cannot tell from the best."
    if on_the_edge(search):
        text += " Much worse trials are outside the first view; double-click to see all."
    return Panel("Optimisation history", text, traces, layout, 420)


def marked(search: Seen) -> list[dict[str, Any]]:
    """Rings around the trials within noise of the best, and a diamond around the model's, as traces of the page."""
    thin = many(search)
    groups: list[tuple[str, Sequence[int], str, str, int]] = [
        (f"within noise of the best ({len(search.tied)})", search.tied.tolist(), "circle-open", "INK", 8 if thin else 12)
    ]
    if search.refitted is not None:
        number = search.results[search.refitted].number
        groups.append((f"the model (trial {number})", [search.refitted], "diamond-open", LOST, 17))
    return [
        {
            "type": dots(search),
            "mode": "markers",
            "name": name,
            "x": [search.results[place].number for place in places],
            "y": [float(search.scores[place]) for place in places],
            "hoverinfo": "skip",
            "marker": {"symbol": symbol, "color": colour, "size": size, "line": {"width": 1.4}},
        }
        for name, places, symbol, colour, size in groups
        if places
    ]

"""Evidence over the looks of a reign, and the history of a model's retrainings: scores and drift over time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from foldwise.report.figures.names import short
from foldwise.report.figures.retraining import USUAL, drift_bars
from foldwise.report.figures.style import COLOURS, GREY, canvas, plain, save
from foldwise.system.numbers import counted, shown

LEAST, MOST = 1e-6, 1e12  # evidence beyond is drawn here
FOLLOWED = 4  # columns whose drift is drawn over time


def draw_evidence(path: Path, outcome: str, evidence: Mapping[str, Any], drift: Sequence[Mapping[str, Any]]) -> Path:
    """Write the figure of a look that evidence decided; return its path.

    Args:
        path: of the PNG file.
        outcome: PROMOTED or KEPT.
        evidence: the entry in the summary of a retraining.
        drift: `column` and `psi` of the columns, largest drift first.
    """
    figure = canvas(7.5, max(2.8, 1.2 + 0.24 * min(len(drift), 12)))
    left, right = figure.subplots(1, 2, width_ratios=[1.1, 1.0])
    _evidence(left, outcome, evidence)
    drift_bars(right, drift)
    return save(figure, path)


def draw_history(path: Path, model: str, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write the figure of a model's history; return its path.

    Args:
        path: of the PNG file.
        model: its name.
        rows: the retrainings, oldest first, as `retraining.history` lists them.
    """
    figure = canvas(7.5, 6.0)
    scores, evidence, drift = figure.subplots(3, 1, sharex=True)
    metric = next((row["metric"] for row in rows if row["metric"]), "score")
    plain(scores, f"{short(model, 24)}: scores where both answered; promotions dashed, rollbacks dotted", "", metric)
    for place, name in enumerate(("champion", "challenger")):
        _line(scores, [(row["moment"], row[f"{name}_score"]) for row in rows], COLOURS[place], name)
    if any(row["champion_score"] is not None for row in rows):
        scores.legend(fontsize=8, frameon=False, loc="best")
    _evidence_over_time(evidence, rows)
    _drift_over_time(drift, rows)
    for row in rows:
        if row["outcome"] in ("PROMOTED", "ROLLED_BACK"):
            style = "--" if row["outcome"] == "PROMOTED" else ":"
            for axes in (scores, evidence, drift):
                axes.axvline(datetime.fromisoformat(row["moment"]), color=COLOURS[2], linewidth=0.8, linestyle=style)
    figure.autofmt_xdate()
    return save(figure, path)


def _line(axes: Axes, points: Sequence[tuple[str, float | None]], colour: str, label: str | None = None) -> None:
    """Values over moments; missing ones are left out."""
    known = [(datetime.fromisoformat(at), value) for at, value in points if value is not None]
    moments: Any = [at for at, _ in known]
    axes.plot(moments, [value for _, value in known], "o-", markersize=3, linewidth=1.0, color=colour, label=label)


def _evidence_over_time(axes: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    plain(axes, "Evidence for the challengers of each reign", "", "evidence")
    known = [row for row in rows if row["evidence"] is not None]
    if not known:
        axes.text(0.5, 0.5, "no look was decided by evidence", transform=axes.transAxes, ha="center", color=GREY)
        return
    _logarithmic(axes)
    _line(axes, [(row["moment"], min(max(row["evidence"], LEAST), MOST)) for row in known], COLOURS[0])
    axes.axhline(known[-1]["needed"], color=COLOURS[1], linewidth=0.8, linestyle="--")


def _evidence(axes: Axes, outcome: str, evidence: Mapping[str, Any]) -> None:
    """The logarithm of the evidence after each look, against what is needed."""
    weeks = evidence["weeks"]
    said = f"{shown(evidence['value'], digits=2)} of {shown(evidence['needed'])} after {counted(evidence['rows'], 'row')}"
    plain(axes, f"{outcome}: evidence {said}", "look of this champion's reign", "evidence")
    _logarithmic(axes)
    values = [1.0, *(min(max(math.exp(min(point["log"], math.log(MOST))), LEAST), MOST) for point in weeks)]
    axes.plot(range(len(values)), values, "o-", ms=4, lw=1.2, color=COLOURS[0])
    axes.axhline(evidence["needed"], color=COLOURS[1], linewidth=1.0, linestyle="--")
    across = axes.get_yaxis_transform()
    axes.text(0.02, evidence["needed"], "promotes", transform=across, fontsize=8, color=COLOURS[1], va="top")
    axes.axhline(1.0, color=GREY, linewidth=0.8, linestyle=":")
    axes.set_xlim(-0.2, max(len(weeks), 1) + 0.2)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _logarithmic(axes: Axes) -> None:
    """A scale for evidence, which multiplies from row to row, with plain numbers."""
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _drift_over_time(axes: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    """The index of the columns that ever drifted most."""
    plain(axes, "Drift of new rows from those that the champion knows", "", "population stability index")
    largest: dict[str, float] = {}
    for found in (found for row in rows for found in row["drift"]):
        largest[found["column"]] = max(found["psi"], largest.get(found["column"], 0.0))
    names = sorted(largest, key=lambda name: -largest[name])[:FOLLOWED]
    for place, name in enumerate(names):
        points = [(row["moment"], found["psi"]) for row in rows for found in row["drift"] if found["column"] == name]
        _line(axes, points, COLOURS[place], short(name, 24))
    for bound, word in USUAL:
        axes.axhline(bound, color=GREY, linewidth=0.8, linestyle=":")
        axes.text(0.005, bound, word, transform=axes.get_yaxis_transform(), fontsize=7, color=GREY, va="bottom")
    if names:
        axes.legend(fontsize=8, frameon=False, loc="best")

"""A retraining at a glance: the scores of both models, the gain, and the drift of the columns."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from foldwise.report.figures.names import short
from foldwise.report.figures.style import COLOURS, GREY, canvas, plain, save
from foldwise.system.numbers import shown

COLUMNS = 12  # those with the largest drift
USUAL = ((0.1, "moderate"), (0.25, "strong"))  # the usual bounds of the index


def draw(path: Path, metric: str, outcome: str, test: Mapping[str, Any], drift: Sequence[Mapping[str, Any]]) -> Path:
    """Write the figure; return its path.

    Args:
        path: of the PNG file.
        metric: the metric of both scores.
        outcome: PROMOTED or KEPT.
        test: the test in the summary of a retraining, with its `parts`.
        drift: `column` and `psi` of the columns, largest drift first.
    """
    figure = canvas(7.5, max(2.6, 1.2 + 0.24 * min(len(drift), COLUMNS)))
    left, right = figure.subplots(1, 2, width_ratios=[1.1, 1.0])
    _scores(left, metric, outcome, test)
    drift_bars(right, drift)
    return save(figure, path)


def drift_bars(right: Any, drift: Sequence[Mapping[str, Any]]) -> None:
    """Draw the drift of the columns as bars.

    Args:
        right: the axes.
        drift: `column` and `psi` of the columns, largest drift first.
    """
    shown = drift[:COLUMNS]
    names = [short(str(row["column"]), 24) for row in shown]
    plain(right, "Drift of new rows from known rows", "population stability index", "")
    right.barh(range(len(shown)), [row["psi"] for row in shown], color=COLOURS[0], height=0.6)
    right.set_yticks(range(len(shown)), names, fontsize=8)
    right.set_ylim(max(len(shown), 1) - 0.4, -0.6)
    most = max([0.3, *(1.05 * row["psi"] for row in shown)])
    right.set_xlim(0, most)
    for place, word in USUAL:
        right.axvline(place, color=GREY, linewidth=0.8, linestyle=":")
        words = {"fontsize": 7, "color": GREY, "rotation": 90, "va": "bottom"}
        right.text(place, 0.02, f" {word}", transform=right.get_xaxis_transform(), **words)
    if not shown:
        right.text(0.5, 0.5, "no new rows to compare", transform=right.transAxes, ha="center", color=GREY)


def _scores(axes: Any, metric: str, outcome: str, test: Mapping[str, Any]) -> None:
    """One line per set of rows, joining the scores of both models."""
    rows = [("all", test["rows"], test["champion"], test["challenger"])]
    rows += [(name, part["rows"], part["champion"], part["challenger"]) for name, part in test["parts"].items()]
    found = f": gain {shown(test['gain'], 4, sign=True)}, p = {test['p_value']:.3g}" if math.isfinite(test["p_value"]) else ""
    plain(axes, f"{outcome}{found}", metric, "")
    for place, (_, _, champion, challenger) in enumerate(rows):
        axes.plot([champion, challenger], [place, place], color=GREY, linewidth=1.2, zorder=0)
        axes.scatter([champion], [place], s=46, marker="s", color=COLOURS[0], label="champion" if not place else None)
        axes.scatter([challenger], [place], s=46, color=COLOURS[1], label="challenger" if not place else None)
    axes.set_yticks(range(len(rows)), [f"{name}\n{count:,} rows" for name, count, _, _ in rows], fontsize=8)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.margins(x=0.2)
    axes.legend(fontsize=8, frameon=False, loc="best")

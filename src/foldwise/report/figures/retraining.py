"""A retraining at a glance: both models' scores, what the gain may be, and how far the columns have moved."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from foldwise.report.figures.scales import short
from foldwise.report.figures.style import COLOURS, GREY, canvas, plain, save

COLUMNS = 12  # of a table, those that moved farthest
USUAL = ((0.1, "moved"), (0.25, "moved far"))


def draw(path: Path, metric: str, outcome: str, test: Mapping[str, Any], drift: Sequence[Mapping[str, Any]]) -> Path:
    """Writes the picture.

    Args:
        path: where.
        metric: what both were scored by.
        outcome: PROMOTED or KEPT.
        test: as a retraining's summary keeps it, with `parts`.
        drift: of the columns, the farthest first.
    """
    shown = drift[:COLUMNS]
    figure = canvas(7.5, max(2.6, 1.2 + 0.24 * len(shown)))
    left, right = figure.subplots(1, 2, width_ratios=[1.1, 1.0])
    _scores(left, metric, outcome, test)
    names = [short(str(row["column"]), 24) for row in shown]
    plain(right, "New rows against those it knows", "population stability index", "")
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
    return save(figure, path)


def _scores(axes: Any, metric: str, outcome: str, test: Mapping[str, Any]) -> None:
    """A row a set of rows: both models' scores, joined by a line."""
    rows = [("all", test["rows"], test["champion"], test["challenger"])]
    rows += [(name, part["rows"], part["champion"], part["challenger"]) for name, part in test["parts"].items()]
    found = f": gain {test['gain']:+.4f}, p = {test['p_value']:.3g}" if math.isfinite(test["p_value"]) else ""
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

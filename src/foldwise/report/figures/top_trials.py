"""The best trials, fold by fold, beside the baselines."""

from __future__ import annotations

import math
from typing import Any

from matplotlib.figure import Figure

from foldwise.report.figures.names import short
from foldwise.report.figures.score_axes import WIDTH, note, part_of
from foldwise.report.figures.searched import Seen
from foldwise.report.figures.style import COLOURS, GREY, canvas, plain
from foldwise.system.numbers import shown
from foldwise.trial.result import plus_minus

TOP = 10


def draw(search: Seen) -> Figure:
    """One row per trial, the best first, then one per baseline: dots are folds, bars are mean ± sd."""
    trials = search.ranked[:TOP]
    rivals = [rival for rival in search.baselines if math.isfinite(rival.mean)]
    names = [f"trial {trial.number}" for trial in trials] + [short(rival.name, 24) for rival in rivals]
    figure = canvas(WIDTH, 1.5 + 0.3 * len(names))
    axes = plain(figure.subplots(), "Best trials and baselines", search.goal.metric, "")
    folds = [[fold.score for fold in trial.folds if math.isfinite(fold.score)] for trial in trials]
    spots = [(score, place) for place, scores in enumerate(folds) for score in scores]
    if spots:
        axes.scatter(
            [score for score, _ in spots],
            [place for _, place in spots],
            s=22,
            color=COLOURS[0],
            alpha=0.45,
            linewidths=0,
            label="one fold",
        )
    bars: dict[str, Any] = {"fmt": "D", "markersize": 5, "linewidth": 1.3, "capsize": 3}
    means, sds = [trial.mean for trial in trials], [trial.sd for trial in trials]
    axes.errorbar(means, range(len(trials)), xerr=sds, color="black", label="mean ± sd", **bars)
    low, high = axes.get_xlim()
    if search.rival is not None:
        best = search.rival.mean
        axes.axvline(best, color=COLOURS[2], linestyle="--", linewidth=0.9, zorder=0)
        axes.axhline(len(trials) - 0.5, color=GREY, linewidth=0.6)
        low, high = min(low, best - 0.03 * (high - low)), max(high, best + 0.03 * (high - low))
    near = [low - (high - low) <= rival.mean <= high + (high - low) for rival in rivals]
    label = "baseline, mean ± sd"
    for place, (rival, close) in enumerate(zip(rivals, near, strict=True), len(trials)):
        mean, sd = rival.mean, rival.sd
        if close:
            axes.errorbar(mean, place, xerr=sd, color=COLOURS[2], label=label, **bars)
            label = ""
            low, high = min(low, mean - sd - 0.03 * (high - low)), max(high, mean + sd + 0.03 * (high - low))
        else:  # drawn to scale, it would squeeze the trials together
            left = mean < low
            score = plus_minus(shown(mean), shown(sd, digits=2), max((len(scores) for scores in folds), default=2))
            text = f"← {score}" if left else f"{score} →"
            side: dict[str, Any] = {"ha": "left" if left else "right", "va": "center", "fontsize": 8.5, "color": COLOURS[2]}
            axes.text(0.01 if left else 0.99, place, text, transform=axes.get_yaxis_transform(), **side)
    axes.set_xlim(low, high)
    axes.set_yticks(range(len(names)), names, fontsize=8.5)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    part = part_of(len(trials), int(search.scored.sum()), "complete trials")
    note(axes, f"{part}; {search.goal.metric} is {search.goal.direction}d")
    figure.legend(loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    return figure

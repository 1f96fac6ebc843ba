"""Predicted numbers against true ones, and their residuals."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from foldwise.report.figures.names import drawable
from foldwise.report.figures.style import COLOURS, canvas, plain
from foldwise.system.numbers import counted, shown

Floats = npt.NDArray[np.float64]

SINGLE = 3000  # rows up to which each is a point; more are counted in cells
BINS = 12  # most bins of the running median
LEAST = 10  # rows in each of them


@dataclass(frozen=True)
class Measures:
    """Errors in the unit of the target; R² is nan if the truth is constant."""

    r2: float
    rmse: float
    mae: float


@dataclass(frozen=True, eq=False)
class Band:
    """The median and the 10 % and 90 % quantiles of the residuals over the mean predictions, each (bins,)."""

    predicted: Floats
    low: Floats
    median: Floats
    high: Floats


def measures(truth: Floats, predictions: Floats) -> Measures:
    """The errors of predictions (rows,) against the truth (rows,)."""
    residuals, spread = truth - predictions, np.sum((truth - truth.mean()) ** 2)
    r2 = math.nan if spread == 0 else 1.0 - float(np.sum(residuals**2) / spread)
    return Measures(r2, math.sqrt(np.mean(residuals**2)), float(np.mean(np.abs(residuals))))


def running_band(predictions: Floats, residuals: Floats) -> Band | None:
    """Residuals over bins of equal counts; None if rows or distinct predictions are too few for two bins."""
    bins = min(BINS, len(predictions) // LEAST)
    edges = np.unique(np.quantile(predictions, np.arange(1, bins) / bins)) if bins > 1 else np.empty(0)
    place = np.searchsorted(edges, predictions)
    parts = [place == part for part in np.unique(place)]
    if len(parts) < 2:
        return None
    low, median, high = (np.array([np.quantile(residuals[part], at) for part in parts]) for at in (0.1, 0.5, 0.9))
    return Band(np.array([predictions[part].mean() for part in parts]), low, median, high)


def draw_predicted_true(truth: Floats, predictions: Floats, target: str) -> Figure:
    """One point per row, or counts in cells if there are many, and the line of perfect predictions."""
    found, name = measures(truth, predictions), drawable(target, 30)
    figure = canvas(5.2 if _single(truth, predictions) else 6.8, 5.2)
    title = f"R² {found.r2:.3f}, RMSE {shown(found.rmse)}, MAE {shown(found.mae)}, {counted(len(truth), 'row')}"
    axes = plain(figure.subplots(), title, f"true {name}", f"predicted {name}")
    cells = _cloud(axes, truth, predictions)
    if cells is not None:
        bar = figure.colorbar(cells, cax=axes.inset_axes((1.02, 0.0, 0.03, 1.0)), format="{x:,.0f}")
        bar.set_label("rows per cell")
        bar.ax.minorticks_off()
        bar.ax.set_ylim(bottom=1)
    low, high = min(truth.min(), predictions.min()), max(truth.max(), predictions.max())
    reach = 0.03 * (high - low) or max(abs(high), 1.0) * 0.1
    limits = (low - reach, high + reach)
    axes.plot(limits, limits, color="black", linewidth=0.8, linestyle=":", label="predicted = true")
    axes.set(xlim=limits, ylim=limits, box_aspect=1)
    axes.legend(loc="upper left", fontsize=8, frameon=False)
    return figure


def draw_residuals(truth: Floats, predictions: Floats, target: str) -> Figure:
    """Residuals over predictions with their running median, and a histogram of the residuals."""
    residuals, name = truth - predictions, drawable(target, 30)
    figure = canvas(8.0, 4.4)
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 1))
    mean, deviation = shown(residuals.mean()), shown(residuals.std())
    plain(left, f"mean {mean}, standard deviation {deviation}", f"predicted {name}", "residual (true - predicted)")
    _cloud(left, predictions, residuals)
    left.axhline(0, color="black", linewidth=0.8, linestyle=":")
    band = running_band(predictions, residuals)
    if band is not None:
        left.plot(band.predicted, band.median, color=COLOURS[1], linewidth=1.6, label="running median")
        for edge, label in ((band.low, "10 % and 90 % quantiles"), (band.high, None)):
            left.plot(band.predicted, edge, color=COLOURS[1], linewidth=1, linestyle="--", label=label)
        left.legend(loc="best", fontsize=8, frameon=False)
    plain(right, "", "rows", "")
    bins = min(40, max(5, round(math.sqrt(len(residuals)))))
    right.hist(residuals, bins=bins, orientation="horizontal", color=COLOURS[0], edgecolor="white", linewidth=0.3)
    right.axhline(0, color="black", linewidth=0.8, linestyle=":")
    return figure


def _single(across: Floats, up: Floats) -> bool:
    """Whether each row is drawn as a point; cells need a spread in both directions."""
    return len(across) <= SINGLE or np.ptp(across) == 0 or np.ptp(up) == 0


def _cloud(axes: Axes, across: Floats, up: Floats) -> PolyCollection | None:
    """Draw points, or if there are many, cells that are darker for more rows."""
    for axis, values in ((axes.xaxis, across), (axes.yaxis, up)):
        axis.set_major_locator(MaxNLocator(5))
        if np.abs(values).max() >= 10_000:
            axis.set_major_formatter("{x:,.0f}")
    if _single(across, up):
        alpha = max(0.15, min(0.8, 20 / math.sqrt(len(across))))
        axes.scatter(across, up, s=14, color=COLOURS[0], alpha=alpha, linewidths=0)
        return None
    # the scale starts below one row, so that a single row is visible on white
    return axes.hexbin(across, up, gridsize=50, cmap="Blues", norm=LogNorm(vmin=0.2), mincnt=1, linewidths=0.2)

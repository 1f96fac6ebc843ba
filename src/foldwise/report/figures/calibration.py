"""Calibration: does a probability of 0.8 come true eight times in ten?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from foldwise.report.figures.style import COLOURS, GREY, canvas, plain
from foldwise.system.numbers import counted

Floats = npt.NDArray[np.float64]
BINS = 10
Z = 1.959963984540054  # 95 % of a normal distribution are within this many standard deviations


@dataclass(frozen=True, eq=False)
class Reliability:
    """Rows in bins of about equal size, by their probability; every array is (bins,).

    predicted: mean probability. observed: share that came true, with its 95 % interval from low to high. counts: rows.
    """

    predicted: Floats
    observed: Floats
    low: Floats
    high: Floats
    counts: npt.NDArray[np.int64]

    @property
    def error(self) -> float:
        """The expected calibration error: the mean distance between observed and predicted, weighted by rows."""
        return float(np.average(np.abs(self.observed - self.predicted), weights=self.counts))


def reliability(probabilities: Floats, came_true: npt.NDArray[np.bool_], bins: int = BINS) -> Reliability:
    """Bins of about equal counts. Equal probabilities stay together, so there can be fewer bins."""
    edges = np.unique(np.quantile(probabilities, np.arange(1, bins) / bins))
    _, place, counts = np.unique(np.searchsorted(edges, probabilities), return_inverse=True, return_counts=True)
    observed = np.bincount(place, came_true) / counts
    low, high = wilson(observed, counts)
    return Reliability(np.bincount(place, probabilities) / counts, observed, low, high, counts)


def wilson(share: Floats, count: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    """The 95 % interval of a share of `count` rows.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22, 209 (1927).
    """
    middle = (share + Z**2 / (2 * count)) / (1 + Z**2 / count)
    half = Z / (1 + Z**2 / count) * np.sqrt(share * (1 - share) / count + Z**2 / (4 * count**2))
    return np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)


def judged(truth: npt.NDArray[Any], probabilities: Floats) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """The probabilities of the second of two labels, otherwise of the most probable class, and which of them came true."""
    if probabilities.shape[1] == 2:
        return probabilities[:, 1], truth == 1
    return probabilities.max(axis=1), truth == probabilities.argmax(axis=1)


def draw_calibration(truth: npt.NDArray[Any], probabilities: Floats, positive: str | None) -> Figure:
    """Observed shares over predicted probabilities, and below a histogram of the probabilities.

    Args:
        truth: class codes, (rows,).
        probabilities: (rows, classes).
        positive: the name of the second of two labels; None for more classes.
    """
    given, came_true = judged(truth, probabilities)
    found = reliability(given, came_true)
    observed, of = (f"observed share of {positive}", positive) if positive else ("share of correct answers", "the answer")
    figure = canvas(5.2, 6.2)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    plain(upper, f"Expected calibration error {found.error:.3f}, {counted(len(truth), 'row')}", "", observed)
    upper.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=":", label="perfect calibration")
    reach = np.abs(np.stack([found.low, found.high]) - found.observed)
    about = counted(round(float(np.mean(found.counts))), "row")
    upper.errorbar(
        found.predicted, found.observed, reach, color=COLOURS[0], marker="o", markersize=4, linewidth=1.2,
        elinewidth=0.8, capsize=2, label=f"about {about} per point, 95 % interval",
    )  # fmt: skip
    upper.set_xlim(-0.02, 1.02)
    upper.set_ylim(-0.02, 1.02)
    upper.legend(loc="upper left", fontsize=8, frameon=False)
    plain(lower, "", f"predicted probability of {of}", "rows")
    counts, _, _ = lower.hist(given, bins=np.linspace(0, 1, 21), color=COLOURS[0], edgecolor="white", linewidth=0.5)
    if np.max(counts) > 50 * float(np.median(counts[counts > 0])):
        lower.set_yscale("log")
        lower.set_ylim(bottom=0.7)
        lower.yaxis.set_major_formatter("{x:,.0f}")
        lower.set_ylabel("rows (log)")
    return figure

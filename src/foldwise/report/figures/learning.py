"""The training of the best trial: losses and metrics over epochs with the verdict on its fit, and its learning rate."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from foldwise.report.figures.fitting import name_fitting
from foldwise.report.figures.score_axes import WIDTH, logarithmic, note, whole_numbers
from foldwise.report.figures.style import COLOURS, GREY, canvas, plain
from foldwise.system.numbers import counted
from foldwise.trial.mean_curves import metrics_of
from foldwise.trial.result import FoldScore, TrialResult

ACROSS = 2  # panels beside each other


def stacked(folds: Sequence[FoldScore], name: str) -> npt.NDArray[np.float64]:
    """The curves, (folds that have the curve, epochs); nan after the last epoch of a fold and where not finite."""
    curves = [np.array(fold.curves[name], float) for fold in folds if len(fold.curves.get(name, ()))]
    table = np.full((len(curves), max(map(len, curves), default=0)), np.nan)
    for row, curve in zip(table, curves, strict=True):
        row[: len(curve)] = np.where(np.isfinite(curve), curve, np.nan)
    return table


def over_folds(table: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Mean and sample standard deviation (0 for one fold) over the folds still in training, (epochs,) each."""
    count = np.isfinite(table).sum(axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # an epoch without a finite loss is nan, as intended
        mean = np.nanmean(table, axis=0)
        sd = np.sqrt(np.nansum((table - mean) ** 2, axis=0) / np.maximum(count - 1, 1))
    return mean, np.where(count > 0, sd, np.nan)


def draw_curves(trial: TrialResult, steps: int | None = None, same_rows: bool = False) -> Figure:
    """The loss and beside it each metric that was followed, in training and validation, with the verdict on the fit.

    Lines are means ± sd over folds; marks show the end of each fold and the epoch of its kept weights.

    Args:
        trial: its folds have finite losses.
        steps: of an epoch; None if they are not known.
        same_rows: whether the rows that were judged are the training rows; then nothing can be said about the fit.
    """
    names = ["loss", *(name for name in metrics_of(trial.folds) if _is_drawable(trial, name))]
    across, down = min(len(names), ACROSS), -(-len(names) // ACROSS)
    figure = canvas(WIDTH if across == 1 else 5.8 * across, 0.3 + 3.6 * down)
    every = list(figure.subplots(down, across, squeeze=False).flat)
    for axes, name in zip(every, names, strict=False):
        _panel(axes, trial, name, "the same rows, after the epoch" if same_rows else "validation")
        axes.set_xlabel("epoch" if steps is None else f"epoch ({counted(steps, 'step')} each)")
    for axes in every[len(names) :]:
        axes.set_axis_off()
    loss, folds = every[0], stacked(trial.folds, "val_loss")
    loss.set_title(f"Learning curves of trial {trial.number}", loc="left", fontsize=10)
    uneven = "; dotted: some folds have ended" if bool(np.isnan(folds).any()) else ""
    note(loss, f"mean ± sd over {len(folds)} folds{uneven}" if len(folds) > 1 else "one fold")
    loss.legend(fontsize=8, frameon=False)
    untold = "trained and judged on the same rows (folds=none), so over-fitting cannot show" if same_rows else None
    figure.supxlabel(_sentence(untold or name_fitting(trial.folds).sentence), fontsize=8.5, x=0.02, ha="left")
    return figure


def _is_drawable(trial: TrialResult, name: str) -> bool:
    return all(bool(np.isfinite(stacked(trial.folds, curve)).any()) for curve in (name, f"val_{name}"))


def _panel(axes: Axes, trial: TrialResult, name: str, judged: str) -> None:
    """The loss or a metric on training rows and on those that judged the trial."""
    plain(axes, "", "epoch", name)
    tables = [stacked(trial.folds, curve) for curve in (name, f"val_{name}")]
    for table, words, colour in zip(tables, ("training", judged), COLOURS, strict=False):
        _band(axes, table, words, colour)
    _ends(axes, trial, f"val_{name}")
    bands = [over_folds(table) for table in tables]
    floor = min(float(np.nanmin(mean - sd)) for mean, sd in bands)
    top = max(float(np.nanmax(mean)) for mean, _ in bands)
    if floor > 0 and top > 30 * floor:
        logarithmic(axes, floor, top)
    whole_numbers(axes)


def _band(axes: Axes, table: npt.NDArray[np.float64], words: str, colour: str) -> None:
    """Draw a mean with its band; dotted after the first fold has ended, since it then averages fewer folds."""
    mean, sd = over_folds(table)
    epochs = np.arange(1, len(mean) + 1)
    axes.fill_between(epochs, mean - sd, mean + sd, color=colour, alpha=0.18, linewidth=0)
    whole = int((np.isfinite(table).sum(axis=0) == len(table)).sum())
    axes.plot(epochs[:whole], mean[:whole], color=colour, linewidth=1.6, label=words)
    start = max(0, whole - 1)
    axes.plot(epochs[start:], mean[start:], color=colour, linewidth=1.3, linestyle=":")


def _ends(axes: Axes, trial: TrialResult, name: str) -> None:
    """Mark where each fold ended, and the epoch of its kept weights, on a curve."""
    ended = [(fold, fold.curves[name]) for fold in trial.folds if len(fold.curves.get(name, ()))]
    ends = [(len(curve), curve[-1]) for _, curve in ended]
    kept = [(at, curve[at - 1]) for fold, curve in ended if 1 <= (at := fold.best_epoch) <= len(curve)]
    axes.scatter(
        [at for at, _ in ends],
        [value for _, value in ends],
        s=16,
        color=GREY,
        marker="x",
        linewidths=1,
        zorder=5,
        label="end of a fold",
    )
    if kept:
        axes.scatter(
            [at for at, _ in kept],
            [value for _, value in kept],
            s=16,
            facecolors="white",
            edgecolors=COLOURS[1],
            linewidths=1,
            zorder=4,
            label="kept weights",
        )


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + "."


def draw_rate(trial: TrialResult) -> Figure:
    """The learning rate of each epoch, with a thin line per fold if the folds differ."""
    figure = canvas(WIDTH, 3.0)
    axes = plain(figure.subplots(), f"Learning rate of trial {trial.number}", "epoch", "learning rate")
    table = stacked(trial.folds, "learning_rate")
    epochs = np.arange(1, table.shape[1] + 1)
    together = bool(np.nanmax(np.nanmax(table, axis=0) - np.nanmin(table, axis=0)) <= 1e-9 * np.nanmax(table))
    if not together:
        for place, row in enumerate(table):
            axes.plot(
                epochs, row, color=GREY, linewidth=0.7, alpha=0.8, drawstyle="steps-mid", label="" if place else "each fold"
            )
    mean, _ = over_folds(table)
    axes.plot(epochs, mean, color=COLOURS[0], linewidth=1.6, drawstyle="steps-mid", label="mean over folds")
    low, high = float(np.nanmin(table)), float(np.nanmax(table))
    if low > 0 and high > 10 * low:
        logarithmic(axes, low, high)
    elif low == high:
        axes.set_ylim(0, 2 * high or 1)
    note(axes, "constant" if low == high else "the same in all folds" if together else f"{len(table)} folds differ")
    whole_numbers(axes)
    if not together:
        axes.legend(fontsize=8, frameon=False)
    return figure

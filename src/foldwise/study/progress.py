"""What a study is doing at this moment, kept in memory by the coordinator: a writer thread copies it to the live row."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

Curves = Mapping[str, Sequence[float]]

# Numbers of all curves in a row together; a curve keeps at least FEWEST points, the first and the last among them.
MOST_NUMBERS, FEWEST = 3000, 20
DIGITS = 5
LEFT_OUT = ("learning_rate",)  # a line that says nothing about how well the trial does
IN_OWN_UNIT = ("mae", "val_mae")


class Progress:
    """The stage, the running trial with its curves, the time left, and whether the study was asked to end.

    The coordinator's thread writes it, a second thread reads it. Only references are kept, so that an epoch costs nothing.
    """

    def __init__(self) -> None:
        self.stage = "start"
        self.trial: int | None = None
        self._folds: dict[int, tuple[Curves, float]] = {}
        self._curves_of: int | None = None
        self._ends: float | None = None
        self._asked = threading.Event()

    def stage_starts(self, stage: str) -> None:
        """The study goes on to its next stage; it is no longer in a trial."""
        self.stage, self.trial, self._curves_of, self._folds = stage, None, None, {}

    def trial_starts(self, number: int) -> None:
        """A trial begins. Until it has curves those of the one before it are shown: many trials take less than a second."""
        self.trial = number

    def curves_grow(self, number: int, fold: int, curves: Curves, unit: float) -> None:
        """A fold of a running trial has these curves so far; see `training.fold_fit.OnCurves`.

        Those of the trial that began last are shown. Where trials train side by side, their threads call this.
        """
        if number == self.trial:
            if self._curves_of != number:
                self._curves_of, self._folds = number, {}
            self._folds[fold] = (curves, unit)

    def expects(self, seconds: float | None) -> None:
        """The study is expected to end after this time; None if nothing is known."""
        self._ends = None if seconds is None else time.monotonic() + seconds

    @property
    def seconds_left(self) -> float:
        """The seconds that are left, nan if nothing is known."""
        return math.nan if self._ends is None else max(0.0, self._ends - time.monotonic())

    def ask_to_end(self) -> None:
        """Ask the study to end after its running trial, or its running stage."""
        self._asked.set()

    @property
    def is_asked_to_end(self) -> bool:
        """Whether the study was asked to end."""
        return self._asked.is_set()

    def curves(self) -> dict[str, Any] | None:
        """The curves of the running trial, or of the one before it, as plain values; None if there are none yet.

        `trial` is its number. `folds` has for each fold its number, its epochs so far, the step between its points (the last
        epoch is always one), and a list of values for each curve.
        """
        folds, trial = dict(self._folds), self._curves_of
        if trial is None or not folds:
            return None
        names = list(dict.fromkeys(name for curves, _ in folds.values() for name in tuple(curves) if name not in LEFT_OUT))
        points = max(FEWEST, MOST_NUMBERS // max(1, len(folds) * len(names)))
        return {
            "trial": trial,
            "names": names,
            "folds": [_fold(number, *folds[number], names, points) for number in sorted(folds)],
        }


def _fold(number: int, curves: Curves, unit: float, names: Sequence[str], points: int) -> dict[str, Any]:
    values = {name: list(curves[name]) for name in names if name in curves}  # a copy: the curves grow meanwhile
    epochs = min((len(own) for own in values.values()), default=0)
    step = max(1, math.ceil(epochs / points))
    places = [*range(0, epochs - 1, step), *([epochs - 1] if epochs else [])]
    return {
        "fold": number,
        "epochs": epochs,
        "step": step,
        **{name: [_short(own[at] * (unit if name in IN_OWN_UNIT else 1.0)) for at in places] for name, own in values.items()},
    }


def _short(value: float) -> float | None:
    return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None

"""The scaling of targets, in both directions, so that one cannot change without the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Each = float | tuple[float, ...]  # of one number to predict, or of several

LEAST = float(np.nextafter(-1.0, 0.0))  # the smallest number that has a log(1 + y)
LARGEST_LOG = float(np.log(np.finfo(np.float32).max))  # keeps every output of a network finite


@dataclass(frozen=True)
class TargetScale:
    """A network learns `(y - mean) / sd`, or `(log(1 + y) - mean) / sd` where `log`. The defaults change nothing.

    Args:
        mean: of the training targets, or of their logarithms; of several numbers, of each.
        sd: the standard deviation; > 0; of several numbers, of each.
        log: for a skewed target with every y > -1.
        low, high: `back` gives no value below or above them, in the target's own unit; None for any value.
    """

    mean: Each = 0.0
    sd: Each = 1.0
    log: bool = False
    low: Each | None = None
    high: Each | None = None

    @property
    def numbers(self) -> int:
        """How many numbers it scales, each by its own mean; 0 if it scales all alike."""
        each = (self.mean, self.sd, self.low, self.high)
        return max(len(value) if isinstance(value, tuple) else 0 for value in each)

    @property
    def unit(self) -> float:
        """What 1 of the training target is in the target's own unit; several numbers have no unit in common, so it is 1."""
        return 1.0 if isinstance(self.sd, tuple) else self.sd

    def forward(self, values: npt.ArrayLike) -> Floats:
        """Targets in their own unit, of any shape, or (rows, numbers) of several, scaled for a network."""
        own = np.asarray(values, dtype=np.float64)
        learnt = np.log1p(np.maximum(own, LEAST)) if self.log else own
        return np.asarray((learnt - np.asarray(self.mean)) / np.asarray(self.sd))

    def back(self, outputs: npt.ArrayLike) -> Floats:
        """Outputs of a network, as `forward` gives them, in the target's own unit: the inverse between low and high."""
        learnt = np.asarray(outputs, dtype=np.float64) * np.asarray(self.sd) + np.asarray(self.mean)
        own = np.expm1(np.minimum(learnt, LARGEST_LOG)) if self.log else learnt
        return np.asarray(own if self.low is None and self.high is None else np.clip(own, self.low, self.high))


UNSCALED = TargetScale()


def fit_target_scale(values: npt.ArrayLike, kind: str, clamp: bool = False) -> TargetScale:
    """Fit the scaling to targets (rows,) or (rows, numbers), for a kind of `prep.target`: standard, log or none.

    clamp: whether answers stay between the smallest and the largest of these targets.
    """
    own = np.asarray(values, dtype=np.float64)
    if own.ndim > 1:
        return _of_each([fit_target_scale(column, kind, clamp) for column in own.T])
    low, high = (float(own.min()), float(own.max())) if clamp else (None, None)
    if kind == "none":
        return TargetScale(low=low, high=high)
    learnt = TargetScale(log=kind == "log").forward(own)
    sd = float(learnt.std())
    return TargetScale(float(learnt.mean()), sd if sd > 0 else 1.0, kind == "log", low, high)


def scale_from(content: Mapping[str, Any]) -> TargetScale:
    """The scale of these plain values, as JSON has them: numbers, or a list of one for each of several targets."""
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in content.items()}
    return TargetScale(**values)


def _of_each(scales: Sequence[TargetScale]) -> TargetScale:
    """One scale of several numbers, each scaled by its own."""

    def each(values: list[Any]) -> tuple[float, ...]:
        return tuple(float(value) for value in values)

    low, high = ([getattr(scale, name) for scale in scales] for name in ("low", "high"))
    bounded = None not in (*low, *high)
    return TargetScale(
        each([scale.mean for scale in scales]),
        each([scale.sd for scale in scales]),
        scales[0].log,
        each(low) if bounded else None,
        each(high) if bounded else None,
    )

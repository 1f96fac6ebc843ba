"""The scaling of targets, in both directions, so that one cannot change without the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LEAST = float(np.nextafter(-1.0, 0.0))  # the smallest number that has a log(1 + y)
LARGEST_LOG = float(np.log(np.finfo(np.float32).max))  # keeps every output of a network finite


@dataclass(frozen=True)
class TargetScale:
    """A network learns `(y - mean) / sd`, or `(log(1 + y) - mean) / sd` where `log`. The defaults change nothing.

    Args:
        mean: of the training targets, or of their logarithms.
        sd: the standard deviation; > 0.
        log: for a skewed target with every y > -1.
        low, high: `back` gives no value below or above them, in the target's own unit; None for any value.
    """

    mean: float = 0.0
    sd: float = 1.0
    log: bool = False
    low: float | None = None
    high: float | None = None

    def forward(self, values: npt.ArrayLike) -> Floats:
        """Targets in their own unit, of any shape, scaled for a network."""
        own = np.asarray(values, dtype=np.float64)
        learnt = np.log1p(np.maximum(own, LEAST)) if self.log else own
        return np.asarray((learnt - self.mean) / self.sd)

    def back(self, outputs: npt.ArrayLike) -> Floats:
        """Outputs of a network, of any shape, in the target's own unit: the inverse of `forward` between low and high."""
        learnt = np.asarray(outputs, dtype=np.float64) * self.sd + self.mean
        own = np.expm1(np.minimum(learnt, LARGEST_LOG)) if self.log else learnt
        return np.asarray(own if self.low is None and self.high is None else np.clip(own, self.low, self.high))


UNSCALED = TargetScale()


def fit_target_scale(values: npt.ArrayLike, kind: str, clamp: bool = False) -> TargetScale:
    """Fit the scaling to targets (rows,), for a kind of `prep.target`: standard, log or none.

    clamp: whether answers stay between the smallest and the largest of these targets.
    """
    own = np.asarray(values, dtype=np.float64)
    low, high = (float(own.min()), float(own.max())) if clamp else (None, None)
    if kind == "none":
        return TargetScale(low=low, high=high)
    learnt = TargetScale(log=kind == "log").forward(own)
    sd = float(learnt.std())
    return TargetScale(float(learnt.mean()), sd if sd > 0 else 1.0, kind == "log", low, high)

"""Two contestants on the same outer splits: the difference, its interval, and what can be said."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Said = Literal["better", "level", "worse", "unknown"]


@dataclass(frozen=True)
class Paired:
    """The mean difference over the splits, above 0 where ours is better, and half its 95 % interval; nan for one split."""

    splits: int
    difference: float
    half: float

    @property
    def said(self) -> Said:
        """Whether the whole interval is on one side of 0."""
        if math.isnan(self.half):
            return "unknown"
        return "better" if self.difference > self.half else "worse" if self.difference < -self.half else "level"


def paired(ours: Sequence[float], theirs: Sequence[float], share: float, lower_is_better: bool) -> Paired:
    """Compare scores of the same splits, split by split.

    Splits share training rows, so the variance of their differences is raised by the ratio of test to training rows.

    Args:
        ours: a score for each split.
        theirs: of the same splits.
        share: test rows by training rows of a split.
        lower_is_better: for losses.

    Source: Nadeau & Bengio, Inference for the Generalization Error (2003), the corrected resampled t-test.
    """
    from scipy.stats import t

    differences = np.subtract(theirs, ours) if lower_is_better else np.subtract(ours, theirs)
    count = len(differences)
    half = math.nan
    if count > 1:
        half = float(t.ppf(0.975, count - 1) * differences.std(ddof=1) * math.sqrt(1 / count + share))
    return Paired(count, float(differences.mean()), half)


def standard_errors(ours: npt.NDArray[np.float64], theirs: npt.NDArray[np.float64]) -> float:
    """By how many standard errors ours loses less on the same rows, (rows,) each; 0 if both always lose the same."""
    differences = theirs - ours
    error = float(differences.std(ddof=1)) / math.sqrt(len(differences))
    return float(differences.mean()) / error if error else 0.0

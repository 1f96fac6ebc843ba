"""How far a number may be from its prediction: the half width of intervals that hold a share of the true values.

Source: Barber et al. 2021, "Predictive inference with the jackknife+"; here the residuals of held-out folds stand around the
network that was trained on all rows, which is cheaper and has no guarantee: benchmarks state the measured coverage.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt


def half_width(truth: npt.NDArray[Any], predictions: npt.NDArray[Any], coverage: float) -> float | None:
    """The half width that holds this share of values; None if there are too few rows to hold so many.

    Args:
        truth: (rows,).
        predictions: for rows that the network did not learn from, (rows,).
        coverage: in (0, 1).
    """
    residuals = np.sort(np.abs(truth - predictions))
    place = math.ceil((len(residuals) + 1) * coverage)
    return float(residuals[place - 1]) if 0 < place <= len(residuals) else None

"""Tables made by a rule, for lessons with a known answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:  # pandas takes two seconds, and a wrong configuration is reported before that
    import pandas as pd

    from foldwise.spec.sources import MadeData

Floats = npt.NDArray[np.float64]


def make(data: MadeData) -> pd.DataFrame:
    """The rows of a made table: features x1 and x2, and the target y. The same seed makes the same rows."""
    import pandas as pd

    draws = np.random.default_rng(data.seed)
    x, y = RULES[data.name](draws, data.rows, data.noise)
    return pd.DataFrame({"x1": x[:, 0], "x2": x[:, 1], "y": y})


def _xor(draws: np.random.Generator, rows: int, noise: float) -> tuple[Floats, npt.NDArray[np.object_]]:
    """Corners of a square with normal noise; `one` where exactly one coordinate of the corner is 1."""
    corners = np.arange(rows)[:, None] // np.array([1, 2]) % 2  # all four, equally often
    labels = np.array(["none", "one", "none"], dtype=object)[corners.sum(axis=1)]
    order = draws.permutation(rows)
    return corners[order] + draws.normal(0, noise, (rows, 2)), labels[order]


def _line(draws: np.random.Generator, rows: int, noise: float) -> tuple[Floats, Floats]:
    """Uniform x, and y = x1 + x2 with normal noise: (1, 1) -> 2, (1, 0) -> 1, (0, 0) -> 0."""
    x = draws.uniform(0, 1, (rows, 2))
    return x, x.sum(axis=1) + draws.normal(0, noise, rows)


RULES: dict[str, Callable[[np.random.Generator, int, float], tuple[Floats, npt.NDArray[np.float64 | np.object_]]]] = {
    "xor": _xor,
    "line": _line,
}

"""A table that grows week by week, and whose world changes in a given week."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

MONDAY = pd.Timestamp("2025-01-06")


@dataclass(frozen=True)
class World:
    """Rows with two numbers, a category and a label that follows from them, with noise.

    rows: a week. drifts: week -> radians by which the class boundary turns from that week on. shift: how far the first
    number's mean moves with each drift. noise: of the label; more noise leaves less to learn.
    """

    rows: int = 60
    drifts: tuple[tuple[int, float], ...] = ()
    shift: float = 0.0
    noise: float = 0.4
    seed: int = 0

    def week(self, number: int) -> pd.DataFrame:
        """The rows of a week, always the same."""
        rng = np.random.default_rng([self.seed, number])
        turned = sum(angle for start, angle in self.drifts if number >= start)
        moved = self.shift * sum(number >= start for start, _ in self.drifts)
        x = rng.normal(size=(self.rows, 2))
        kind = rng.choice(["north", "south", "west"], self.rows)
        side = x @ [np.cos(turned), np.sin(turned)] + 0.5 * (kind == "south") + self.noise * rng.normal(size=self.rows)
        return pd.DataFrame(
            {
                "day": [str((MONDAY + pd.Timedelta(days=7 * number + int(d))).date()) for d in rng.integers(0, 7, self.rows)],
                "first": np.round(x[:, 0] + moved, 6),
                "second": np.round(x[:, 1], 6),
                "kind": kind,
                "bought": np.where(side > 0, "yes", "no"),
            }
        )

    def write(self, path: Path, weeks: int) -> None:
        """The table of the first weeks, as a CSV file."""
        pd.concat([self.week(number) for number in range(weeks)]).to_csv(path, index=False)

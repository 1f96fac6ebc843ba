"""Evidence that one model is better than another, which may be looked at after every row without a price: an e-process."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

LARGEST_BET = 0.5
# What happened this many rows ago weighs 1/e of what happened now. With all rows alike, a drift of 10 points that came after
# half a year was answered in 4 to 5 weeks of 200 rows instead of 2: after long equality the bets are timid.
MEMORY_ROWS = 1000.0
# The first bets are as small as if this many rows had shown no difference.
STILL_ROWS = 200.0
LARGEST_LOG = 700.0  # exp of more overflows


@dataclass(frozen=True)
class Evidence:
    """What has been seen of the differences of losses so far; nothing else decides how it goes on.

    rows: counted so far. weight, total, squares: of the earlier rows, their differences above the margin, and the squares of
    these; each row counts less by exp(-1 / MEMORY_ROWS) with every row that follows. log: natural logarithm of the evidence.
    """

    rows: int = 0
    weight: float = 0.0
    total: float = 0.0
    squares: float = 0.0
    log: float = 0.0

    @property
    def value(self) -> float:
        """The evidence: 1 at the start; 20 and more is rare, at most 1 in 20, if there is nothing to gain."""
        return math.exp(min(self.log, LARGEST_LOG))

    def is_enough(self, alpha: float) -> bool:
        """Whether it reaches 1 / alpha."""
        return self.log >= -math.log(alpha)

    def to_json(self) -> dict[str, Any]:
        """As plain values; every digit is kept."""
        return asdict(self)

    @staticmethod
    def from_json(row: Mapping[str, Any]) -> Evidence:
        """The inverse of `to_json`."""
        return Evidence(**row)


def bet(evidence: Evidence, margin: float = 0.0) -> float:
    """How much is bet on the next row, from 0 to 1/2: mean / (mean^2 + variance) of the earlier rows, shrunk at the beginning.

    Args:
        evidence: of the earlier rows.
        margin: the difference that the challenger has to exceed, at least 0.

    Source: Waudby-Smith and Ramdas, Estimating means of bounded random variables by betting (2010.09686), approximate GRAPA.
    """
    if evidence.total <= 0.0 or evidence.squares <= 0.0:
        return 0.0
    wanted = evidence.total / evidence.squares * (evidence.weight / (evidence.weight + STILL_ROWS))
    return min(wanted, LARGEST_BET, 1.0 / (1.0 + margin))


def add(evidence: Evidence, differences: Iterable[float], margin: float = 0.0) -> Evidence:
    """The evidence after further rows: each multiplies it by 1 + bet * (difference - margin).

    The bet on a row follows from earlier rows alone. So if the expected difference of every row, given the past, is at most
    the margin, then the evidence ever reaches 1 / alpha with a probability of at most alpha (Ville), however often one looks.
    Rows in several calls give the same evidence, to the last bit, as in one.

    Args:
        evidence: so far; `Evidence()` at the start.
        differences: loss of the champion minus loss of the challenger, a row each, from -1 to 1, in a fixed order.
        margin: as `bet`; the same in all calls.

    Raises:
        ValueError: a difference is outside of -1 to 1, or the margin is negative.

    Source: Choe and Ramdas, Comparing sequential forecasters (2110.00115).
    """
    if not margin >= 0.0:
        raise ValueError(f"the margin must be at least 0, got {margin}")
    kept = math.exp(-1.0 / MEMORY_ROWS)
    rows, weight, total, squares, log = evidence.rows, evidence.weight, evidence.total, evidence.squares, evidence.log
    largest = min(LARGEST_BET, 1.0 / (1.0 + margin))
    for difference in differences:
        if not -1.0 <= difference <= 1.0:
            raise ValueError(f"a difference of losses must be from -1 to 1, got {difference}")
        excess = float(difference) - margin
        if excess != 0.0 and total > 0.0 and squares > 0.0:  # as `bet`, written out for speed
            log += math.log1p(min(total / squares * (weight / (weight + STILL_ROWS)), largest) * excess)
        weight = weight * kept + 1.0
        total = total * kept + excess
        squares = squares * kept + excess * excess
        rows += 1
    return Evidence(rows, weight, total, squares, log)

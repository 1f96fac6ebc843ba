"""How often the evidence of weekly looks promotes, with nothing to gain and with a true gain.

Years of weekly looks, simulated through the functions that `retrain` uses. Champion and challenger answer classes and disagree
on a tenth of the rows; a gain of one point is a difference in accuracy of 0.01. A year ends at its first promotion.

    python -m benchmarks.evidence
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from benchmarks.measure import report
from foldwise.evaluation.evidence import Evidence, add

WEEKS, ROWS, APART, ALPHA = 52, 200, 0.1, 0.05
Gains = Callable[[np.random.Generator], Iterator[float]]


@dataclass(frozen=True)
class Case:
    """A kind of year.

    gains: the true gain of each week's challenger. turned: the week of a drift, from which weeks are counted; else 0.
    """

    what: str
    gains: Gains
    turned: int = 0
    rows: int = ROWS
    apart: float = APART
    weeks: int = WEEKS


def main() -> None:
    """Simulate and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--years", type=int, default=2000)
    asked = options.parse_args()
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as processes:
        found = list(processes.map(partial(years, asked.years), range(len(CASES))))
    rows, figures = [], {}
    for case, weeks in zip(CASES, found, strict=True):
        later = [week - case.turned for week in weeks]
        share = len(weeks) / asked.years
        middle = f"{statistics.median(later):g}" if later else ""
        slow = f"{np.quantile(later, 0.9):g}" if later else ""
        within = sum(0 < week <= 3 for week in later) / asked.years
        rows.append([case.what, f"{share:.1%}", middle, slow])
        figures[case.what] = {"share": share, "median": middle, "nine_of_ten": slow, "within_3_weeks": within}
    wrong = figures[CASES[0].what]["share"]
    last = f"false promotions in {wrong:.1%} of reigns (at most 5 %); "
    last += f"a gain of 1 point found in {figures[ONE]['share']:.0%} of years, "
    last += f"of 2 points in {figures[TWO]['share']:.1%}; a drift of 10 points answered within 3 weeks in "
    last += f"{min(figures[case.what]['within_3_weeks'] for case in CASES if case.turned):.0%} or more"
    report("evidence", ["a year of weekly looks", "promoted", "median week", "9 of 10 by week"], rows, last, figures)


def years(count: int, place: int) -> list[int]:
    """The week of the first promotion, for each year that has one."""
    case = CASES[place]
    return [week for seed in range(count) if (week := _year(case, np.random.default_rng([5, place, seed]))) is not None]


def _year(case: Case, draws: np.random.Generator) -> int | None:
    evidence, gains = Evidence(), case.gains(draws)
    for week in range(1, case.weeks + 1):
        gain = next(gains)
        apart = max(case.apart, abs(gain) + case.apart / 2)
        better, luck = (apart + gain) / 2, draws.random(case.rows)
        rows = np.where(luck < better, 1.0, np.where(luck < apart, -1.0, 0.0))
        evidence = add(evidence, rows.tolist())
        if evidence.is_enough(ALPHA):
            return week
    return None


def _always(gain: float, draws: np.random.Generator) -> Iterator[float]:
    while True:
        yield gain


def _worse(draws: np.random.Generator) -> Iterator[float]:
    while True:
        yield -0.02 * draws.random()


def _turned(week: int, draws: np.random.Generator) -> Iterator[float]:
    """The challenger of the week in which the world turned does not know it yet; all later ones do."""
    yield from [0.0] * week
    yield from _always(0.1, draws)


def _half(draws: np.random.Generator) -> Iterator[float]:
    yield from [0.03] * (WEEKS // 2)
    yield from _always(-0.03, draws)


def _of(gain: float) -> Gains:
    return partial(_always, gain)


ONE, TWO = "1 point to gain, all year", "2 points to gain, all year"
CASES: list[Case] = [
    Case("nothing to gain", _of(0.0)),
    Case("each challenger worse, by 0 to 2 points", _worse),
    Case("nothing to gain, models that disagree on 30 %", _of(0.0), apart=0.3),
    Case(ONE, _of(0.01)),
    Case(TWO, _of(0.02)),
    Case("2 points to gain, 50 rows a week", _of(0.02), rows=50),
    *(
        Case(f"a drift of 10 points in week {week}", partial(_turned, week), turned=week, weeks=week + 11)
        for week in (5, 26, 40)
    ),
    Case("better by 3 points for half a year, then worse by 3", _half),
]

if __name__ == "__main__":
    main()

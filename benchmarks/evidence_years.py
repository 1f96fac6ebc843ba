"""Three years of weekly retrainings that evidence decides, each through the door.

Every look is complete: a table is read that keeps the last 4 weeks of 200 rows, last week's challenger and the champion answer
the new rows, the next challenger is trained and registered in MLflow.

    python -m benchmarks.evidence_years
"""

from __future__ import annotations

import argparse
import contextlib
import io
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.growing import World
from benchmarks.measure import median, report

WEEKS, KEPT_WEEKS, ROWS = 52, 4, 200
TURNED, FEW_ROWS = 26, 80


@dataclass(frozen=True)
class Year:
    """A kind of year. first: weeks that the champion learnt from. turn: radians by which the world turns in week 26."""

    what: str
    first: int = KEPT_WEEKS
    turn: float = 0.0


YEARS = (
    Year("nothing to gain: the world stays, the champion had 4 weeks of rows"),
    Year(f"the world turns in week {TURNED}", turn=0.5),
    Year(f"a champion that had {FEW_ROWS} rows", first=0),
)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--weeks", type=int, default=WEEKS)
    asked = options.parse_args()
    rows, figures = [], {}
    for number, year in enumerate(YEARS):
        found = _through_the_door(year, asked.weeks, number)
        promoted = [week for week, done in found if done["outcome"] == "PROMOTED"]
        counted = sum(done["evidence"]["rows_now"] for _, done in found)
        taken = median([done["took"] for _, done in found])
        weeks = ", ".join(map(str, promoted)) or "none"
        rows.append([year.what, str(len(found)), f"{counted:,}", weeks, f"{taken:.1f} s"])
        figures[year.what] = {
            "promoted": promoted,
            "rows": counted,
            "evidence": [done["evidence"]["value"] for _, done in found],
        }
    calm, turned = (figures[year.what]["promoted"] for year in YEARS[:2])
    after = next((str(week - TURNED) for week in turned if week >= TURNED), "none")
    last = f"promotions in the year with nothing to gain: {len(calm)}; weeks from the turn to the next promotion: {after}"
    columns = ["a year through the door", "looks", "rows that counted", "promoted in week", "a look takes"]
    report("evidence_years", columns, rows, last, figures)


def _through_the_door(year: Year, weeks: int, seed: int) -> list[tuple[int, dict[str, Any]]]:
    """Week -> the outcome of its look."""
    from foldwise.doors.compose import compose_service, request_study
    from foldwise.doors.run import run_here
    from foldwise.retraining.retrain import retrain_here

    start = KEPT_WEEKS
    world = World(rows=ROWS, drifts=((start + TURNED - 1, year.turn),) if year.turn else (), noise=0.6, seed=seed)
    found = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def write(last: int, first: int) -> None:
            table = pd.concat([world.week(week) for week in range(first, last)])
            (table if year.first or last > start else table[:FEW_ROWS]).to_csv(folder / "rows.csv", index=False)

        write(start, start - max(year.first, 1))
        words = [
            "data=csv",
            f"data.path={folder}/rows.csv",
            "data.target=bought",
            "data.time=day",
            "register=shop",
            f"seed={seed}",
        ]
        words += ["folds.count=3", "fit.epochs=15", "model=mlp", "model.units=16", "model.hidden=1"]
        _quietly(lambda: run_here(request_study([*words, "tracking.figures=false", f"paths.runs={folder}/runs"]), search=False))
        asked = ["model=shop", "tracking.figures=false", f"paths.runs={folder}/runs"]
        for week in range(1, weeks + 1):
            last = start + week
            write(last, max(start - max(year.first, 1), last - KEPT_WEEKS))
            began = time.perf_counter()
            done = _quietly(lambda: retrain_here(compose_service("retrain", asked)))
            found.append((week, {**done, "took": time.perf_counter() - began}))
            said = f"{done['outcome']}, evidence {done['evidence']['value']:.3g}"
            print(f"  {year.what}: week {week}: {said}", flush=True)
    return found


def _quietly(work: Callable[[], Any]) -> Any:
    with contextlib.redirect_stdout(io.StringIO()):
        return work()


if __name__ == "__main__":
    main()

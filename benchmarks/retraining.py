"""How often `retrain` promotes: over a year of weeks, with nothing to gain, and with a true gain.

Every retraining of `year` and `equal` is complete: a larger table is read, a challenger trained and registered in
MLflow, both models answer the same rows, the alias moves. `looks` and `gain` run the test alone, on random answers.

    python -m benchmarks.retraining                    # all parts, half an hour
    python -m benchmarks.retraining --parts gain looks
"""

from __future__ import annotations

import argparse
import contextlib
import io
import multiprocessing
import tempfile
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.growing import World
from benchmarks.measure import report

WEEKS, FIRST_WEEKS = 52, 20
DRIFTS = (FIRST_WEEKS + 13, FIRST_WEEKS + 35)
ALPHA = 0.05


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--parts", nargs="*", default=list(PARTS), choices=list(PARTS))
    options.add_argument("--pairs", type=int, default=200, help="of champion and challenger with nothing to gain")
    options.add_argument("--years", type=int, default=200, help="of weekly looks at one holdout")
    asked = options.parse_args()
    rows: list[list[str]] = []
    figures: dict[str, Any] = {}
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as processes:  # counts, no times: side by side
        futures = {part: processes.submit(PARTS[part], asked) for part in sorted(asked.parts, key=LONGEST_FIRST.index)}
        for part in asked.parts:
            more, figures[part] = futures[part].result()
            rows += more
    if set(asked.parts) == set(PARTS):
        wrong, found = figures["equal"]["promoted"], figures["gain"]["share"]
        last = f"promoted with nothing to gain: {wrong} of {asked.pairs} (at most 17 of 200); "
        last += f"a gain of 2 standard errors found: {found:.0%}"
        report("retraining", ["what", "retrainings", "promoted"], rows, last, figures)
    else:
        print(*(" | ".join(row) for row in rows), sep="\n")


def year(asked: argparse.Namespace) -> tuple[list[list[str]], dict[str, Any]]:
    """A table that grows by 60 rows a week, whose world turns twice; every fourth week brings no rows."""
    world = World(rows=60, drifts=((DRIFTS[0], 1.2), (DRIFTS[1], 1.2)), shift=0.5)
    outcomes: list[tuple[int, str]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        world.write(folder / "rows.csv", FIRST_WEEKS)
        _tune(folder, "shop")
        for week in range(FIRST_WEEKS, FIRST_WEEKS + WEEKS):
            if week % 4:
                world.write(folder / "rows.csv", week + 1)
            outcomes.append((week, _retrain(folder, "shop")["outcome"]))
            print(f"  week {week - FIRST_WEEKS + 1}: {outcomes[-1][1]}", flush=True)
    calm = [outcome for week, outcome in outcomes if week < DRIFTS[0]]
    moved = [outcome for week, outcome in outcomes if week >= DRIFTS[0]]
    same = [outcome for week, outcome in outcomes if not week % 4]
    rows = [
        ["a year, weeks before the first drift", str(len(calm)), str(calm.count("PROMOTED"))],
        ["a year, weeks from the first drift on", str(len(moved)), str(moved.count("PROMOTED"))],
        ["a year, weeks without new rows", str(len(same)), str(same.count("PROMOTED"))],
    ]
    weeks = {outcome: [week - FIRST_WEEKS + 1 for week, found in outcomes if found == outcome] for _, outcome in outcomes}
    return rows, {
        "weeks": weeks,
        "drifts": [week - FIRST_WEEKS + 1 for week in DRIFTS],
        "count": Counter(o for _, o in outcomes),
    }


def equal(asked: argparse.Namespace) -> tuple[list[list[str]], dict[str, Any]]:
    """Constant worlds, each with a champion and one challenger that saw a few more rows: nothing to gain."""
    values = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for seed in range(asked.pairs):
            world, model = World(rows=40, noise=1.0, seed=seed), f"shop-{seed}"
            world.write(folder / "rows.csv", 15)
            _tune(folder, model, f"seed={seed}")
            world.write(folder / "rows.csv", 17)
            done = _retrain(folder, model, newest=0.9)
            values.append((done["outcome"], done["test"]["p_value"], done["test"]["rows"]))
            if seed % 20 == 19:
                print(f"  {seed + 1} pairs: {sum(v[0] == 'PROMOTED' for v in values)} promoted", flush=True)
    promoted = sum(value[0] == "PROMOTED" for value in values)
    rows = [[f"nothing to gain, alpha {ALPHA:.0%}", str(asked.pairs), str(promoted)]]
    return rows, {"promoted": promoted, "p_values": [value[1] for value in values], "rows": [value[2] for value in values]}


def looks(asked: argparse.Namespace) -> tuple[list[list[str]], dict[str, Any]]:
    """Equally good models, one a week, judged on a holdout of 300 rows that grows by 5: years with any promotion."""
    rows, figures = [], {}
    for kept in (0.0, 0.9):
        found = sum(_year_of_looks(kept, seed) for seed in range(asked.years))
        what = f"weekly looks for a year, nothing to gain, weekly models that agree by {kept:g}"
        rows.append([what, f"{asked.years} years", f"in {found} ({found / asked.years:.0%})"])
        figures[str(kept)] = found / asked.years
    return rows, figures


def gain(asked: argparse.Namespace) -> tuple[list[list[str]], dict[str, Any]]:
    """A challenger that is truly better by two standard errors of the difference of accuracies."""
    found, count, many, apart = 0, 400, 400, 0.1
    for seed in range(count):
        draws = np.random.default_rng([7, seed])
        truth = draws.integers(0, 2, many)
        right = draws.random(many) < 0.5 + 1 / np.sqrt(apart * many)
        disagree = draws.random(many) < apart
        ours = np.where(disagree & ~right, 1 - truth, truth)
        theirs = np.where(disagree & right, 1 - truth, truth)
        found += _p_value(truth, ours, theirs, seed) <= ALPHA
    return [["a gain of 2 standard errors", str(count), f"{found} ({found / count:.0%})"]], {"share": found / count}


def _year_of_looks(kept: float, seed: int) -> bool:
    """Whether any of a year's equally good models takes the first one's place."""
    draws = np.random.default_rng([11, seed])
    many = 300 + 5 * WEEKS
    truth, skill = draws.integers(0, 2, many), draws.normal(0.8, 1.0, many)
    own = draws.normal(size=many)
    champion = np.where(skill + 0.7 * own > 0, truth, 1 - truth)
    for week in range(WEEKS):
        own = kept * own + np.sqrt(1 - kept**2) * draws.normal(size=many)
        challenger, seen = np.where(skill + 0.7 * own > 0, truth, 1 - truth), slice(300 + 5 * (week + 1))
        if _p_value(truth[seen], challenger[seen], champion[seen], seed * WEEKS + week, 400) <= ALPHA:
            return True
    return False


def _p_value(truth: Any, ours: Any, theirs: Any, seed: int, draws: int = 2000) -> float:
    from foldwise.evaluation.metrics import scorer
    from foldwise.evaluation.permutation import Side, paired_test
    from foldwise.spec.goal import Goal

    sides = [Side(np.eye(2)[answers], 0.5) for answers in (ours, theirs)]
    return paired_test(
        Goal("accuracy", "maximize"), partial(scorer, "binary", 2, "accuracy"), truth, sides[0], sides[1], seed, draws=draws
    ).p_value


def _tune(folder: Path, model: str, *words: str) -> None:
    from foldwise.doors.compose import request_study
    from foldwise.doors.run import run_here

    asked = [f"data=csv data.path={folder}/rows.csv data.target=bought data.time=day data.holdout.share=0.3 register={model}"]
    asked = [*asked[0].split(), "folds.count=3", "fit.epochs=15", "model.units=16", "model.hidden=1", *words]
    request = request_study([*asked, "tracking.figures=false", f"paths.runs={folder}/runs"])
    _quietly(lambda: run_here(request, search=False))


def _retrain(folder: Path, model: str, newest: float = 0.25) -> dict[str, Any]:
    from foldwise.doors.compose import compose_service
    from foldwise.retraining.retrain import retrain_here

    words = [f"model={model}", "promotion.kind=test", f"newest={newest}", "tracking.figures=false", f"paths.runs={folder}/runs"]
    done: dict[str, Any] = _quietly(lambda: retrain_here(compose_service("retrain", words)))
    return done


def _quietly(work: Callable[[], Any]) -> Any:
    with contextlib.redirect_stdout(io.StringIO()):
        return work()


LONGEST_FIRST = ("equal", "looks", "year", "gain")
PARTS = {"gain": gain, "looks": looks, "year": year, "equal": equal}

if __name__ == "__main__":
    main()

"""What an ask costs each tuner after 100 and 1,000 trials, in processor time: `python -m benchmarks.tuners`.

The space is that of the other benchmarks, six ranges with two choices; scores are synthetic, nothing is trained.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from threadpoolctl import threadpool_limits

from benchmarks.space import IRIS, study_of
from foldwise.doors.assemble import TUNER_EXTRAS, make_tuner
from foldwise.spec.goal import Goal
from foldwise.spec.space import EPOCHS, Params
from foldwise.trial.result import TrialResult
from foldwise.tuning.random_tuner import RandomTuner

KINDS = ("random", "tpe", "cmaes", "nsga2", "qmc", "optuna_random", "gp", "kt_random", "kt_bayesian", "kt_grid", "kt_hyperband")
TOLD = (100, 1000)
ASKS = 5
EPOCHS_AT_MOST = 81
# An ask of these takes minutes after a thousand trials, so it is left out.
TOO_SLOW = {("kt_bayesian", 1000), ("gp", 1000)}


def score(params: Params) -> float:
    """Something to learn: best at a learning rate of 0.01 and a dropout of 0.2."""
    rate, dropout = params["fit.optimizer.learning_rate"], params["model.dropout"]
    assert isinstance(rate, float)
    assert isinstance(dropout, float)
    return abs(rate - 0.01) + abs(dropout - 0.2)


def milliseconds_an_ask(kind: str, told: int) -> float:
    """The median of several asks of a tuner that knows this number of trials."""
    spec = study_of(IRIS, Path("unused"), 0, told, EPOCHS_AT_MOST, tuner={"kind": kind})
    tuner, points = make_tuner(spec, [Goal("rmse", "minimize")]), RandomTuner(spec.space, 1)
    epochs = {EPOCHS: 1} if kind == "kt_hyperband" else {}
    for number in range(told):
        params: Params = {**points.ask(number), **epochs}
        tuner.tell(TrialResult(number, params, "COMPLETE", mean=score(params), sd=0.0))
    spent = []
    for number in range(told, told + ASKS + 1):
        began = time.process_time()
        tuner.ask(number)
        spent.append(time.process_time() - began)
    return 1000 * statistics.median(spent[1:])  # the first also imports, and walks a grid to its end


def main(words: Sequence[str] | None = None) -> int:
    """Measure, and print a line of JSON for each tuner."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", default=KINDS, help=f"of {', '.join(KINDS)}; all where none is named")
    for kind in parser.parse_args(words).kinds:
        if all(find_spec(library) for start, (library, _) in TUNER_EXTRAS.items() if kind.startswith(start)):
            with threadpool_limits(1):
                spent = {told: round(milliseconds_an_ask(kind, told), 2) for told in TOLD if (kind, told) not in TOO_SLOW}
            print(json.dumps({"tuner": kind, "ms_an_ask": spent}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

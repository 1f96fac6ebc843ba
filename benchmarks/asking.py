"""Does TPE reach as good a score from a bounded sample of the trials as from all of them? `python -m benchmarks.asking`.

Four made objectives with a known optimum, the same seeds for both. The first trials are the same for both, because a sample of
a short study is all of it. Compared is the logarithm of the regret: how far the best true score is above the optimum.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.measure import report
from benchmarks.paired import paired
from foldwise.config.template import split
from foldwise.spec.goal import Goal
from foldwise.spec.space import Params
from foldwise.spec.tuner import TpeTuner
from foldwise.trial.result import TrialResult
from foldwise.tuning import optuna_sample
from foldwise.tuning.optuna_tuner import OptunaTuner

GOAL = Goal("rmse", "minimize")
SAMPLE = optuna_sample.MOST
LEAST = 1e-12  # a regret below this counts as this


@dataclass(frozen=True)
class Made:
    """An objective to minimize. ranges: as a configuration has them. noise: the deviation of a trial's score."""

    ranges: Mapping[str, Any]
    true: Callable[[Params], float]
    best: float = 0.0
    noise: float = 0.0


def _numbers(params: Params) -> list[float]:
    return [float(value) for value in params.values() if isinstance(value, (int, float))]


# Hartmann's function of six numbers; its constants are the usual ones.
_A = np.array([[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]])
_P = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)
_C = np.array([1.0, 1.2, 3.0, 3.2])


def _hartmann(params: Params) -> float:
    x = np.array(_numbers(params))
    return -float(_C @ np.exp(-(_A * (x - _P) ** 2).sum(axis=1)))


def _rosenbrock(params: Params) -> float:
    x = np.array(_numbers(params))
    return float((100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum())


def _rastrigin(params: Params) -> float:
    x = np.array(_numbers(params))
    return float((x**2 - 10 * np.cos(2 * math.pi * x) + 10).sum())


def _training(params: Params) -> float:
    """As the validation loss of a network: a valley of learning rate and batch size, few units are too few."""
    rate, units, dropout = math.log10(params["rate"]), math.log2(params["units"]), params["dropout"]  # type: ignore[arg-type]
    assert isinstance(dropout, float)
    batch = math.log2({"16": 16, "64": 64, "256": 256}[str(params["batch"])])
    valley = (rate + 2.0 - 0.15 * (batch - 6)) ** 2
    capacity = 0.05 * max(0.0, 6 - units) ** 2 + 0.02 * max(0.0, units - 8 + 4 * (0.3 - dropout)) ** 2
    return 0.2 * valley + capacity + 0.1 * (params["activation"] != "relu") + (dropout - 0.2) ** 2


OBJECTIVES: Mapping[str, Made] = {
    "hartmann": Made({f"x{place}": ["float", 0.0, 1.0] for place in range(6)}, _hartmann, best=-3.322368),
    "rosenbrock": Made({f"x{place}": ["float", -2.0, 2.0] for place in range(4)}, _rosenbrock),
    "rastrigin": Made({f"x{place}": ["float", -4.0, 5.0] for place in range(4)}, _rastrigin),
    "training": Made(
        {
            "rate": ["float", 1e-5, 1.0, {"log": True}],
            "units": ["int", 4, 512, {"log": True}],
            "dropout": ["float", 0.0, 0.6],
            "batch": ["choice", "16", "64", "256"],
            "activation": ["choice", "relu", "tanh", "elu"],
        },
        _training,
        noise=0.01,
    ),
}


@contextmanager
def _seen(most: int) -> Any:
    """How many trials TPE sees at most."""
    optuna_sample.MOST = most
    try:
        yield
    finally:
        optuna_sample.MOST = SAMPLE


def search(made: Made, seed: int, trials: int, begun: Sequence[TrialResult] = ()) -> tuple[list[TrialResult], float]:
    """The trials of a search that goes on after some, and the seconds that its asks took."""
    tuner = OptunaTuner(split(made.ranges)[1], (GOAL,), seed, TpeTuner(kind="tpe"))
    results, seconds = list(begun), 0.0
    for result in results:
        tuner.tell(result)
    for number in range(len(results), trials):
        began = time.process_time()
        params = tuner.ask(number)
        seconds += time.process_time() - began
        score = made.true(params) + made.noise * float(np.random.default_rng([seed, number]).normal())
        results.append(TrialResult(number, params, "COMPLETE", mean=score, sd=0.0))
        tuner.tell(results[-1])
    return results, seconds


def regret(made: Made, results: Sequence[TrialResult]) -> float:
    """The decimal logarithm of how far the chosen trial is from the optimum, in truth."""
    chosen = min(results, key=lambda result: result.mean)
    return math.log10(max(LEAST, made.true(chosen.params) - made.best))


def compared(made: Made, seeds: int, trials: int) -> tuple[list[float], list[float], dict[str, float]]:
    """The regrets of each seed with a sample and with all trials, and the milliseconds of an ask beyond the first trials."""
    sampled, whole, spent = [], [], {"sample": 0.0, "all": 0.0}
    for seed in range(seeds):
        with threadpool_limits(1):
            begun, _ = search(made, seed, SAMPLE)
            ours, seconds = search(made, seed, trials, begun)
            spent["sample"] += seconds
            with _seen(10**9):
                theirs, seconds = search(made, seed, trials, begun)
            spent["all"] += seconds
        sampled.append(regret(made, ours))
        whole.append(regret(made, theirs))
    return sampled, whole, {which: 1000 * taken / (seeds * (trials - SAMPLE)) for which, taken in spent.items()}


def main(words: Sequence[str] | None = None) -> None:
    """Compare, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--trials", type=int, default=1000)
    asked = parser.parse_args(words)
    rows, figures, worse = [], {}, []
    for name, made in OBJECTIVES.items():
        sampled, whole, ms = compared(made, asked.seeds, asked.trials)
        found = paired(sampled, whole, share=0.0, lower_is_better=True)
        figures[name] = {"sample": sampled, "all": whole, "ms_an_ask": ms}
        means = [f"{float(np.mean(regrets)):.2f}" for regrets in (sampled, whole)]
        rows.append([name, *means, f"{found.difference:+.3f} ± {found.half:.3f}", *(f"{ms[which]:.1f}" for which in ms)])
        worse += [name] if found.said == "worse" else []
    columns = ["objective", f"log10 regret, {SAMPLE} trials seen", "all seen", "gain, 95 %", "ms an ask", "all seen, ms"]
    last = f"worse with a sample: {', '.join(worse) or 'no objective'}, of {asked.seeds} seeds x {asked.trials} trials"
    report("asking", columns, rows, last, figures)


if __name__ == "__main__":
    main()

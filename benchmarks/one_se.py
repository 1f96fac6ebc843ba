"""How often each rule of choice takes a network that is worse than the defaults, in made searches whose truth is known.

A search has 40 trials on five folds of 500 rows; the first is the defaults, 32 units in one hidden layer. Scores and truths are
in standard errors (SE) of a score on these rows. A trial's truth falls by `step` with each halving of its units below 32, and
varies by `spread` besides. Its score on a fold is its truth plus noise, of which 70 % is that of the fold's rows, which all
trials share.

    python -m benchmarks.one_se                # some seconds
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from benchmarks.measure import report
from foldwise.data.split import Split
from foldwise.spec.goal import Goal
from foldwise.study.certificate import chosen_by
from foldwise.trial.result import FoldScore, TrialResult

SEARCHES, TRIALS, FOLDS, ROWS, SHARED = 1000, 40, 5, 500, 0.7
UNITS, DEFAULT = (32, 8, 16, 64), 32
WORSE = 1.0  # standard errors
# by how much a halving of the units hurts, and how much trials differ besides
WORLDS = {
    "size does not matter": (0.0, 0.3),
    "a halving costs 0.3": (0.3, 0.3),
    "a halving costs 0.6": (0.6, 0.3),
    "a halving costs 0.6, trials differ more": (0.6, 0.6),
    "a halving costs 1": (1.0, 0.5),
}
# rule -> what select.rule is, and whether the search has tried the defaults
RULES = {"best": ("best", True), "within one error alone": ("one_se", False), "one_se": ("one_se", True)}


@dataclass(frozen=True)
class Made:
    """A search. truths: of its trials, in standard errors; 0 are the defaults, trial 0."""

    trials: list[TrialResult]
    truths: np.ndarray


def main() -> None:
    """Print, and write the result."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--searches", type=int, default=SEARCHES, help="of each kind")
    asked = options.parse_args()
    figures = {world: outcome(searches(*of, asked.searches)) for world, of in WORLDS.items()}
    columns = ["searches", *(f"{rule}: {what}" for rule in RULES for what in ("worse by 1 SE", "mean", "parameters"))]
    rows = [[world, *(shown for rule in RULES for shown in _shown(found[rule]))] for world, found in figures.items()]
    most = {rule: max(found[rule]["worse"] for found in figures.values()) for rule in RULES}
    said = ", ".join(f"{rule} {share:.1%}" for rule, share in most.items())
    report("one_se", columns, rows, f"worse than the defaults by more than 1 SE, at most: {said}", figures)


def searches(step: float, spread: float, count: int) -> Iterator[Made]:
    """Made searches of one kind."""
    draws = np.random.default_rng([11, round(100 * step), round(100 * spread)])
    for _ in range(count):
        units, hidden = draws.choice(UNITS, TRIALS), draws.integers(1, 3, TRIALS)
        units[0], hidden[0] = DEFAULT, 1
        truths = -step * np.maximum(0.0, np.log2(DEFAULT / units)) + spread * draws.normal(size=TRIALS)
        truths[0] = 0.0
        rows = draws.normal(size=FOLDS) * np.sqrt(FOLDS * SHARED)
        own = draws.normal(size=(TRIALS, FOLDS)) * np.sqrt(FOLDS * (1 - SHARED))
        scores = truths[:, None] + rows + own
        yield Made([_trial(number, scores[number], int(units[number] * hidden[number])) for number in range(TRIALS)], truths)


def _trial(number: int, scores: Sequence[float], parameters: int) -> TrialResult:
    folds = tuple(FoldScore(fold, float(score), {}, {}, 1, 0.0) for fold, score in enumerate(scores))
    mean, sd = float(np.mean(scores)), float(np.std(scores, ddof=1))
    return TrialResult(number, {"trial": number}, "COMPLETE", folds, mean, sd, costs={"parameters": float(parameters)})


def outcome(made: Iterator[Made]) -> dict[str, dict[str, float]]:
    """Rule -> the share of searches in which its trial is worse than the defaults, its mean truth, and its parameters."""
    truths: dict[str, list[float]] = {rule: [] for rule in RULES}
    sizes: dict[str, list[float]] = {rule: [] for rule in RULES}
    for one in made:
        best = max(one.trials, key=lambda trial: trial.mean)
        for rule, (of, knows) in RULES.items():
            taken = chosen_by(of, _plan(knows), best, one.trials)
            truths[rule].append(float(one.truths[taken.number]))
            sizes[rule].append(taken.costs["parameters"])
    return {
        rule: {
            "worse": float(np.mean(np.array(truths[rule]) < -WORSE)),
            "mean": float(np.mean(truths[rule])),
            "parameters": float(np.mean(sizes[rule]) / DEFAULT),
        }
        for rule in RULES
    }


def _plan(knows_defaults: bool) -> Any:
    """What the rule asks of a plan: goal, folds and defaults."""
    valid = ROWS // FOLDS
    splits = [Split(np.arange(ROWS - valid), np.arange(valid))] * FOLDS
    defaults = {"trial": 0} if knows_defaults else {"trial": None}
    return SimpleNamespace(
        goal=Goal("accuracy", "maximize"), splits=splits, spec=SimpleNamespace(space=SimpleNamespace(defaults=lambda: defaults))
    )


def _shown(found: dict[str, float]) -> list[str]:
    return [f"{found['worse']:.1%}", f"{found['mean']:+.2f}", f"{found['parameters']:.1f}x"]


if __name__ == "__main__":
    main()

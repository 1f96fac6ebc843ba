"""Studies of made data for `benchmarks.certificates`: what a search says of its winner, and what is true on fresh rows.

Two classes, eight columns of normal numbers: a sum of two of them and a product of two others decide, with strengths drawn anew
for each study, so that the best accuracy is about 0.8; the other four are noise.
"""

from __future__ import annotations

import contextlib
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.api import tune
from foldwise.bundle.bundle import Bundle
from foldwise.evaluation.metrics import log_losses
from foldwise.python.study_result import StudyResult
from foldwise.study.certificate import chosen_by
from foldwise.study.plan import Plan, plan_study
from foldwise.study.refit_best import refit_best
from foldwise.trial.result import TrialResult

Array = npt.NDArray[Any]
Record = dict[str, Any]

ROWS, FRESH, TRIALS, COLUMNS, STEEP = 500, 100_000, 40, 8, 2.4
SEARCH = (
    "model=mlp",
    "model.hidden=[int,1,2]",
    "model.units=[choice,32,8,16,64]",
    "model.activation=[choice,relu,tanh]",
    "fit.batch_size=50",
    "folds=stratified",
    "folds.count=5",
    "tracking=in_memory",
    "baselines=[]",
    "explain=none",
    "data.holdout={kind: none}",
    f"budget.trials={TRIALS}",
)


@dataclass(frozen=True)
class Family:
    """Studies of one metric. fit: how their networks are trained."""

    metric: str
    fit: tuple[str, ...]


FAMILIES = {
    "accuracy": Family("accuracy", ("fit.epochs=15",)),
    "log_loss, early stopping": Family("log_loss", ("fit.epochs=40", "fit.early_stop.patience=5")),
}


@dataclass(frozen=True, eq=False)
class Made:
    """Rows to develop on and fresh ones, and how whoever knows the true probabilities does on them.

    truth: codes of the fresh rows. best: the accuracy that can be reached on these. luck: by how much the true probabilities
        score better on the rows to develop on than on fresh ones, by metric: 0 on average over studies.
    """

    develop: pd.DataFrame
    fresh: pd.DataFrame
    truth: Array
    best: float
    luck: dict[str, float]


def made(seed: int) -> Made:
    """The rows of a study; positive is `yes`, code 1."""
    draws = np.random.default_rng([17, seed])
    cells = draws.normal(size=(ROWS + FRESH, COLUMNS))
    first, second, product = draws.uniform(0.5, 1.5, 3) * draws.choice([-1.0, 1.0], 3)
    signal = first * cells[:, 0] + second * cells[:, 1] + product * cells[:, 2] * cells[:, 3]
    logits = STEEP * signal / math.sqrt(first**2 + second**2 + product**2)
    positive = draws.random(len(cells)) < 1.0 / (1.0 + np.exp(-logits))
    frame = pd.DataFrame(cells, columns=[f"x{place}" for place in range(COLUMNS)])
    frame["y"] = np.where(positive, "yes", "no")
    truth = positive[ROWS:].astype(np.int64)
    right, losses = (logits > 0) == positive, np.logaddexp(0.0, np.where(positive, -logits, logits))
    luck = {"accuracy": right[:ROWS].mean() - right[ROWS:].mean(), "log_loss": losses[ROWS:].mean() - losses[:ROWS].mean()}
    found = {metric: float(gain) for metric, gain in luck.items()}
    return Made(frame.iloc[:ROWS], frame.iloc[ROWS:].drop(columns="y"), truth, float(right[ROWS:].mean()), found)


def study(family: str, number: int, runs: Path, rules: Sequence[str]) -> Record:
    """Search, and score the winner, the trial of each rule and the default, each refitted, on fresh rows.

    Args:
        family: one of FAMILIES.
        number: of the study; it draws the rows and seeds the search.
        runs: an empty folder.
        rules: of `select.rule`. They choose among the same trials; `fresh` alone trains the best again.
    """
    of, rows = FAMILIES[family], made(number)
    asked = (*SEARCH, *of.fit, f"goal.metric={of.metric}", f"seed={number}", f"paths.runs={runs}", "study=made")
    asked = (*asked, "select.rule=fresh") if "fresh" in rules else asked
    with contextlib.redirect_stdout(io.StringIO()):
        found = tune(*asked, frame=rows.develop, target="y")
    assert found.found is not None
    assert found.spec is not None
    certificate, best = found.found.certificate, found.best
    assert certificate is not None
    plan, scored = plan_study(found.spec), {}

    def fresh(trial: TrialResult) -> Record:
        if trial.number not in scored:
            scored[trial.number] = _on_fresh(plan, trial, rows)
        return {"trial": trial.number, **scored[trial.number]}

    default = next(one for one in found.results if one.number == certificate.default)
    return {
        "family": family,
        "study": number,
        "best_accuracy": rows.best,
        "luck": rows.luck[of.metric],
        "naive": best.mean,
        "corrected": certificate.score,
        "low": certificate.low,
        "high": certificate.high,
        "optimism": certificate.optimism,
        "early_stopping": certificate.early_stopping,
        "winner": fresh(best),
        "default": fresh(default),
        "rules": {rule: fresh(_chosen(rule, plan, found)) for rule in rules},
        "seconds": found.found.seconds["total"],
    }


def _chosen(rule: str, plan: Plan, found: StudyResult) -> TrialResult:
    if rule != "fresh":
        return chosen_by(rule, plan, found.best, found.results)
    taken = found.summary["certificate"]["fresh"]["taken"]
    return next((one for one in found.results if one.number == taken), found.best)


def _on_fresh(plan: Plan, trial: TrialResult, rows: Made) -> Record:
    """A refitted trial on fresh rows: its score, the standard deviation of their losses, and the score if not calibrated."""
    bundle = refit_best(plan, trial, lambda sentence: None).bundle
    losses = _losses(plan.goal.metric, bundle, rows)
    plain = replace(bundle, card=replace(bundle.card, calibration=None)) if bundle.card.calibration else bundle
    before = losses if plain is bundle else _losses(plan.goal.metric, plain, rows)
    return {"score": _score(plan, losses), "sd": float(losses.std()), "not_calibrated": _score(plan, before)}


def _losses(metric: str, bundle: Bundle, rows: Made) -> Array:
    probabilities = bundle.scores(rows.fresh)
    if metric == "log_loss":
        return log_losses(rows.truth, probabilities)
    return np.asarray((probabilities[:, 1] > bundle.card.threshold) != rows.truth, dtype=np.float64)


def _score(plan: Plan, losses: Array) -> float:
    return float(losses.mean()) if plan.goal.metric == "log_loss" else float(1.0 - losses.mean())

"""What a study looks for: a metric and which way is better."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from foldwise.errors import ConfigError, did_you_mean

Task = Literal["binary", "multiclass", "regression"]
Direction = Literal["maximize", "minimize"]

CLASSES: tuple[Task, ...] = ("binary", "multiclass")

# metric -> (which way is better, tasks it is defined for)
METRICS: dict[str, tuple[Direction, tuple[Task, ...]]] = {
    "accuracy": ("maximize", CLASSES),
    "balanced_accuracy": ("maximize", CLASSES),
    "precision": ("maximize", CLASSES),
    "recall": ("maximize", CLASSES),
    "specificity": ("maximize", CLASSES),
    "f1": ("maximize", CLASSES),
    "roc_auc": ("maximize", CLASSES),
    "pr_auc": ("maximize", CLASSES),
    "log_loss": ("minimize", CLASSES),
    "mcc": ("maximize", CLASSES),
    "mse": ("minimize", ("regression",)),
    "rmse": ("minimize", ("regression",)),
    "mae": ("minimize", ("regression",)),
    "r2": ("maximize", ("regression",)),
}

# What a network takes, all of it better where it is less: weights, milliseconds to answer one row, seconds of training.
COSTS = ("parameters", "latency_ms", "training_seconds")

DEFAULT_METRIC: dict[Task, str] = {"binary": "accuracy", "multiclass": "accuracy", "regression": "rmse"}


@dataclass(frozen=True)
class Goal:
    """The metric that ranks trials. The direction lives only here: a score is never negated."""

    metric: str
    direction: Direction

    def better(self, score: float, than: float) -> bool:
        """Whether `score` is strictly better; a score that is not finite is never better."""
        if not math.isfinite(score):
            return False
        if not math.isfinite(than):
            return True
        return score > than if self.direction == "maximize" else score < than

    @property
    def worst(self) -> float:
        """The score that everything finite beats."""
        return -math.inf if self.direction == "maximize" else math.inf


def cost_goal(cost: str) -> Goal:
    """The goal of a cost (one of COSTS): less of it."""
    return Goal(cost, "minimize")


def goal_for(metric: str, direction: str, task: Task) -> Goal:
    """The goal of a task; `auto` takes the task's usual metric and the metric's own direction.

    Raises:
        ConfigError: the metric is unknown, belongs to another task, or the direction contradicts it.
    """
    name = DEFAULT_METRIC[task] if metric == "auto" else metric
    if name not in METRICS:
        raise ConfigError("goal.metric", f"{name!r} is no metric{did_you_mean(name, METRICS)}")
    natural, tasks = METRICS[name]
    if task not in tasks:
        fitting = ", ".join(m for m, (_, t) in METRICS.items() if task in t)
        raise ConfigError("goal.metric", f"{name!r} is not defined for a {task} task; use one of {fitting}")
    if direction not in ("auto", natural):
        raise ConfigError("goal.direction", f"{name} is {natural}d, got {direction!r}; leave it at auto")
    return Goal(name, natural)

"""What a study optimizes: a metric, and whether more or less of it is better."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, TypeVar

from foldwise.errors import ConfigError
from foldwise.system.known_words import did_you_mean

Task = Literal["binary", "multiclass", "regression", "segmentation", "detection", "multioutput"]
Direction = Literal["maximize", "minimize"]
Item = TypeVar("Item")

CLASSES: tuple[Task, ...] = ("binary", "multiclass")
PIXELS: tuple[Task, ...] = ("segmentation",)
BOXES: tuple[Task, ...] = ("detection",)
SEVERAL: tuple[Task, ...] = ("multioutput",)
NUMBERS: tuple[Task, ...] = ("regression", *SEVERAL)

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
    "mean_iou": ("maximize", PIXELS),
    "foreground_iou": ("maximize", PIXELS),
    "picture_iou": ("maximize", PIXELS),
    "dice": ("maximize", PIXELS),
    "pixel_accuracy": ("maximize", PIXELS),
    "ap50": ("maximize", BOXES),
    "ap": ("maximize", BOXES),
    "mean_rmse": ("minimize", SEVERAL),
    "mean_mae": ("minimize", SEVERAL),
    "mean_r2": ("maximize", SEVERAL),
}

# For any number of labels, the share of rows whose label is among the most probable ones: top_2_accuracy, top_3_accuracy, ...
TOP_K = re.compile(r"top_([1-9][0-9]{0,6})_accuracy")
MULTICLASS: tuple[Task, ...] = ("multiclass",)

# Metrics that are a mean over rows, or grow with one: rmse and r2 with the squared error.
ROW_LOSSES = ("accuracy", "balanced_accuracy", "log_loss", "mse", "rmse", "mae", "r2")

# Between which scores a metric stays, where that is not 0 to 1.
LIMITS = {
    "mcc": (-1.0, 1.0),
    **dict.fromkeys(("r2", "mean_r2"), (-math.inf, 1.0)),
    **dict.fromkeys(("log_loss", "mse", "rmse", "mae", "mean_rmse", "mean_mae"), (0.0, math.inf)),
}

# What a network costs; less is better: weights, milliseconds to predict one row, seconds of training.
COSTS = ("parameters", "latency_ms", "training_seconds")

DEFAULT_METRIC: dict[Task, str] = {
    "binary": "accuracy",
    "multiclass": "accuracy",
    "regression": "rmse",
    "segmentation": "mean_iou",
    "detection": "ap50",
    "multioutput": "mean_rmse",
}


@dataclass(frozen=True)
class Goal:
    """The metric that ranks trials. Only this class compares the direction; everyone else asks it."""

    metric: str
    direction: Direction

    @property
    def sign(self) -> float:
        """1 if more is better, -1 if less is."""
        return 1.0 if self.direction == "maximize" else -1.0

    def better(self, score: float, than: float) -> bool:
        """Whether `score` is strictly better; a score that is not finite never is."""
        if not math.isfinite(score):
            return False
        if not math.isfinite(than):
            return True
        return score > than if self.sign > 0 else score < than

    def rank(self, items: Iterable[Item], score: Callable[[Item], float]) -> list[Item]:
        """The items, the best score first; equal ones stay in order, and scores that are not finite come last."""

        def place(item: Item) -> tuple[bool, float]:
            value = score(item)
            return (False, -self.sign * value) if math.isfinite(value) else (True, 0.0)

        return sorted(items, key=place)

    @property
    def limits(self) -> tuple[float, float]:
        """The least and the largest score that there can be."""
        return LIMITS.get(self.metric, (0.0, 1.0))

    def nearest(self, score: float) -> float:
        """The score, or the nearest one that there can be; nan stays."""
        least, most = self.limits
        return min(max(score, least), most)

    @property
    def worst(self) -> float:
        """The score that everything finite beats."""
        return -self.sign * math.inf


def cost_goal(cost: str) -> Goal:
    """The goal of one of COSTS: less of it."""
    return Goal(cost, "minimize")


def natural_goal(metric: str) -> Goal:
    """The goal of a metric, in its own direction."""
    return Goal(metric, _rules_of(metric)[0])


def top_k(metric: str) -> int | None:
    """The k of `top_k_accuracy`; None for any other metric."""
    match = TOP_K.fullmatch(metric)
    return int(match[1]) if match else None


def has_row_loss(metric: str) -> bool:
    """Whether a metric is a mean over rows, so that single rows can be weighed; a top-k accuracy is one too."""
    return metric in ROW_LOSSES or top_k(metric) is not None


def is_metric(name: str) -> bool:
    """Whether a metric has this name: one of METRICS, or top_k_accuracy with a k above 1."""
    return name in METRICS or (top_k(name) or 0) > 1


def unknown_metric(name: str) -> str:
    """The sentence about a word that is not a metric, with a proposal."""
    if top_k(name) == 1:
        return f"{name!r} is not a metric: the most probable label alone is accuracy; write accuracy, or top_2_accuracy"
    if name.lower().startswith("top"):
        rule = "top-k accuracy is written with its k, as top_2_accuracy"
        return f"{name!r} is not a metric; {rule}, where k is from 2 to one less than the number of labels"
    known = did_you_mean(name, METRICS)
    return f"{name!r} is not a metric{known}" + ("" if known.startswith(";") else f"; known: {', '.join(METRICS)}")


def _rules_of(metric: str) -> tuple[Direction, tuple[Task, ...]]:
    return ("maximize", MULTICLASS) if top_k(metric) else METRICS[metric]


def goal_for(metric: str, direction: str, task: Task, labels: int | None = None) -> Goal:
    """The goal of a task; `auto` takes the task's default metric and the metric's own direction.

    Args:
        metric: a name, or `auto`.
        direction: `maximize`, `minimize` or `auto`.
        task: what is predicted.
        labels: the number of labels, as far as it is known.

    Raises:
        ConfigError: the metric is unknown, belongs to another task, needs more labels, or contradicts the direction.
    """
    name = DEFAULT_METRIC[task] if metric == "auto" else metric
    if not is_metric(name):
        raise ConfigError("goal.metric", f"{name!r} is not a metric{did_you_mean(name, METRICS)}")
    natural, tasks = _rules_of(name)
    if task not in tasks:
        fitting = ", ".join(m for m, (_, t) in METRICS.items() if task in t)
        raise ConfigError("goal.metric", f"{name!r} is not defined for a {task} task; use one of {fitting}")
    count = top_k(name)
    if count is not None and labels is not None and count >= labels:
        rule = f"{name} is always 1 for {labels} labels, because k must be below their number"
        raise ConfigError("goal.metric", f"{rule}; use {f'top_{labels - 1}_accuracy' if labels > 2 else 'accuracy'}")
    if direction not in ("auto", natural):
        raise ConfigError("goal.direction", f"{name} is {natural}d, got {direction!r}; leave it at auto")
    return Goal(name, natural)

"""Everything about a trial that a worker needs, except the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from foldwise.spec.goal import Goal
from foldwise.spec.space import Params
from foldwise.spec.study import Precision
from foldwise.spec.trial import TrialSpec
from foldwise.system.keras_backend import Backend
from foldwise.trial.race import Race


@dataclass(frozen=True)
class TrialJob:
    """Everything about a trial that a worker needs, except the data.

    costs: those of goal.COSTS that are measured besides the parameters. at_most: bounds on them, checked before training.
    backend, precision: what the study's Keras computes with, and in which types.
    """

    number: int
    params: Params
    seed: int
    spec: TrialSpec
    goal: Goal
    engine: Literal["auto", "fused", "keras"] = "auto"
    costs: tuple[str, ...] = ()
    at_most: Mapping[str, float] = field(default_factory=dict)
    race: Race | None = None
    backend: Backend = "tensorflow"
    precision: Precision = "float32"

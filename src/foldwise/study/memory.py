"""How much memory a study will take, estimated before anything is trained."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

import numpy as np

from foldwise.data.fold_cache import MOST_BYTES
from foldwise.data.preparation.fold import fit_preparation
from foldwise.errors import ConfigError
from foldwise.spec.execute import DaskExecutor
from foldwise.study.plan import Plan
from foldwise.system.keras_backend import Backend
from foldwise.system.limits import free_mb, own_mb
from foldwise.system.numbers import counted
from foldwise.training.engine_rule import MOST_STACKED_BYTES, why_not_fused

MB, GB = 2**20, 2**30
SAID_FROM = 1.0 * GB
FEW_CELLS = 1_000_000  # a table of fewer cells takes less than that
SAMPLE = 2_000  # rows that show how many features a preparation makes
# Of a backend with MLflow and scikit-learn, which are imported after the rows are read.
LIBRARIES: Mapping[Backend, float] = {"tensorflow": 0.65 * GB, "jax": 0.35 * GB, "torch": 0.5 * GB}
# Copies while a network trains. Of the rows of a fold: tensors, those of the fold before it, batches of validation rows.
TENSORS = 2.5
STACKED = 3  # of all folds: the stack, its tensor, and the tensor of the trial before
# Measured and estimated peaks differ by less than this factor (docs/decisions/large_tables.md); beyond it a study is refused.
SURE = 1.5


@dataclass(frozen=True)
class Memory:
    """The memory that a study takes, bytes, and what decides it.

    rows: of the table. features: of the widest preparation. folds: their number.
    training, concluding: the peaks of a process that trains trials, and of refit, baselines and verdict.
    workers: the processes that train on this machine.
    """

    rows: int
    features: int
    folds: int
    training: float
    concluding: float
    workers: int = 1

    @property
    def peak(self) -> float:
        """The most at any time, of all processes."""
        return max(self.workers * self.training, self.concluding)

    @property
    def sentence(self) -> str:
        """What the user is told before training."""
        of = [f"{self.rows:,} rows x {self.features} features", counted(self.folds, "fold")]
        of += [counted(self.workers, "worker")] if self.workers > 1 else []
        return f"memory: about {self.peak / GB:.1f} GB ({', '.join(of)})"

    def check(self, trial_memory_mb: float | None) -> str | None:
        """A warning if there may be too little memory, None if there is enough.

        Args:
            trial_memory_mb: the limit of the process that trains.

        Raises:
            ConfigError: there is certainly too little.
        """
        fewer = "use fewer rows, or fewer columns"
        limits = [("data", "this machine has", free_mb() + own_mb(), self.peak, fewer)]
        if trial_memory_mb is not None:
            limits.append(("budget.trial_memory_mb", "the limit is", trial_memory_mb, self.training, f"raise it, or {fewer}"))
        for key, what, most, needed, proposal in limits:
            rule = f"the study needs about {needed / GB:.1f} GB of memory, and {what} {most * MB / GB:.1f} GB; {proposal}"
            if needed > SURE * most * MB:
                raise ConfigError(key, rule)
            if needed > most * MB:
                return f"{key}: {rule}"
        return None


def memory_needed(plan: Plan) -> Memory | None:
    """The estimate for a planned study, whose rows are in memory; None for one of less than a gigabyte."""
    table, trials = plan.table, plan.spec.corners
    pixels = prod(table.schema.image) if table.schema.image else 0
    if len(table) * (pixels or len(table.schema.columns)) < FEW_CELLS:
        return None
    some = plan.development[np.unique(np.linspace(0, len(plan.development) - 1, SAMPLE).astype(np.int64))]
    preparations = dict.fromkeys(trial.prep for trial in trials)
    features = pixels or max(len(fit_preparation(table, some, prep).features) for prep in preparations)
    asked = plan.spec.fixed.training
    how = asked.backend, asked.precision
    fused = asked.engine != "keras" and not all(why_not_fused(one.model, one.fit, one.augment, *how) for one in trials)
    found = _estimate(plan, features, fused)
    return found if found.peak >= SAID_FROM else None


def _estimate(plan: Plan, features: int, may_fuse: bool) -> Memory:
    """The estimate: prepared rows are float32, and an engine has copies of those that it trains; images stay bytes."""
    table, develop = plan.table, len(plan.development)
    backend = plan.spec.fixed.training.backend
    held = own_mb() * MB + (0 if backend in sys.modules else LIBRARIES[backend])
    rows = [len(split.train) + len(split.valid) for split in plan.splits]
    prepared, copied = (8, features) if table.images is not None else (4 * features, 4 * features)  # bytes a row
    every, largest = sum(rows) * prepared, max(rows) * prepared
    kept = every if every <= MOST_BYTES else MOST_BYTES + 2 * largest  # the fold in use, and the one before it
    stacked = STACKED * sum(rows) * 4 * features if may_fuse and sum(rows) * 4 * features <= MOST_STACKED_BYTES else 0
    of_table = 0 if table.images is not None else 16 * develop * len(table.schema.columns)
    linear = 0 if table.images is not None else 12 * develop * features  # a baseline computes in double precision
    execute = plan.spec.fixed.execute
    return Memory(
        workers=execute.workers if isinstance(execute, DaskExecutor) and execute.address is None else 1,
        rows=len(table),
        features=features,
        folds=len(rows),
        training=held + kept + max(stacked, TENSORS * max(rows) * copied),
        concluding=held + max(develop * (prepared + TENSORS * copied) + of_table, linear),
    )

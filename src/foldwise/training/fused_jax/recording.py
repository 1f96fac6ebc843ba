"""Fills a recorder from the program of all folds: single steps are taken by the same functions, from the same state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import numpy as np

from foldwise.training.fold_fit import Training
from foldwise.training.fused_jax.arrays import Learner, Rows, Sizes
from foldwise.training.fused_jax.network import Compiled
from foldwise.training.fused_jax.program import Plan, one_epoch
from foldwise.training.recorder import SLOTS, Array, Recorder, Snapshot


@dataclass(frozen=True, eq=False)
class Recording:
    """Records one fold of a stack. place: of the fold in the stack. steps: of one of its epochs."""

    recorder: Recorder
    place: int
    steps: int
    compiled: Compiled
    sizes: Sizes
    optimizer: str

    def at_epoch(self, epoch: int, learner: Learner) -> None:
        """Keep the weights after an epoch, while the fold trains."""
        if epoch in self.recorder.epochs:
            self.recorder.at_epoch(epoch, self._weights(learner))

    def at_step(self, learner: Learner, plan: Plan, rows: Rows, before: int) -> None:
        """Keep what the wanted step changes, if it is one of the planned epoch's.

        Args:
            learner: before the epoch.
            plan: of this one epoch.
            rows: the training rows of all folds.
            before: the epochs that ran before.
        """
        within = self.recorder.step - 1 - before * self.steps
        if not 0 <= within < self.steps:
            return

        def after(count: int) -> Snapshot:
            if not count:
                return self._snapshot(learner)
            first = count * self.sizes.batch
            groups = tuple(of._replace(rows=min(of.rows, first)) for of in self.sizes.groups)
            begun = jax.jit(partial(one_epoch, self.compiled, self.sizes._replace(groups=groups)))
            return self._snapshot(begun(learner, plan.orders[0, :, :first], plan.rates[0], plan.shares[0], rows))

        self.recorder.before, self.recorder.after = after(within), after(within + 1)

    def _snapshot(self, learner: Learner) -> Snapshot:
        own = self.compiled.network.optimizer
        places = {id(variable): place for place, variable in enumerate(own.variables)}
        found = {name: getattr(own, attribute, None) for name, attribute in SLOTS.get(self.optimizer, ())}
        slots = {
            name: [self._own(learner.optimizer[places[id(variable)]]) for variable in variables]
            for name, variables in found.items()
            if variables
        }
        return Snapshot(self._weights(learner), slots)

    def _weights(self, learner: Learner) -> list[Array]:
        trained, others = ([self._own(array) for array in part] for part in (learner.trained, learner.others))
        return self.compiled.weights(trained, others)

    def _own(self, stacked: Any) -> Array:
        return np.asarray(stacked[self.place])


def recording_of(
    training: Training, folds: Sequence[int], steps: Sequence[int], compiled: Compiled, sizes: Sizes
) -> Recording | None:
    """What records a training on these folds, with the steps of an epoch of each; None if unwanted."""
    recorder = training.recorder
    if recorder is None or recorder.fold not in folds:
        return None
    place = folds.index(recorder.fold)
    return Recording(recorder, place, steps[place], compiled, sizes, training.fit.optimizer.kind)

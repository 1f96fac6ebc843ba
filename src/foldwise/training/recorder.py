"""What a recorder keeps of one fold's training: its weights over epochs, and everything that one step changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

# optimizer -> the names of what it remembers, in the order of the fused rules, and Keras's attributes for them
SLOTS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "sgd": (("momentum", "momentums"),),
    "rmsprop": (("velocity", "_velocities"), ("momentum", "_momentums"), ("average", "_average_gradients")),
    "adam": (("momentum", "_momentums"), ("velocity", "_velocities")),
    "adamw": (("momentum", "_momentums"), ("velocity", "_velocities")),
}


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A fold between two steps: its weights in Keras's order, and each slot of its optimizer, an array for each weight."""

    weights: Sequence[Array]
    slots: Mapping[str, Sequence[Array]]


@dataclass(eq=False)
class Recorder:
    """Is filled by the engine that trains. Recording changes no bit of the training.

    fold: the fold's number. step: counted from 1 over all epochs. epochs: after which weights are kept, 0 is before the first.
    weights: epoch -> weights in Keras's order. before, after: the step; None until it was taken.
    """

    fold: int
    step: int
    epochs: frozenset[int]
    weights: dict[int, list[Array]] = field(default_factory=dict)
    before: Snapshot | None = None
    after: Snapshot | None = None

    def at_epoch(self, epoch: int, weights: Sequence[Array]) -> None:
        """Keep the weights after an epoch, if they are wanted."""
        if epoch in self.epochs:
            self.weights[epoch] = [np.array(weight) for weight in weights]

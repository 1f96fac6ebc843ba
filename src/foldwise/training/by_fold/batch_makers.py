"""What gives a network its batches: TensorFlow's pipelines on TensorFlow, arrays of numpy on other backends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, Protocol, cast

from foldwise.data.preparation.fold import Features, FoldData
from foldwise.system.keras_backend import Backend
from foldwise.training.fold_fit import Training

Batch = Any  # the backend's arrays or tensors ship no types


class BatchMaker(Protocol):
    """A module that makes batches for Keras's `fit`: (x, y), or (x, y, weight)."""

    def train_batches(self, training: Training, number: int, data: FoldData) -> Any:
        """The batches of all epochs of a fold, one after the other."""

    def valid_batches(self, training: Training, data: FoldData, at_once: int) -> Sequence[tuple[Batch, ...]]:
        """Its validation rows in batches of this size, as bytes where they are images."""

    def scaled_for(self, features: Features) -> Callable[[Batch], Batch]:
        """The function that turns a batch of these features into the network's input."""


def batch_maker(backend: Backend) -> BatchMaker:
    """The one of a backend."""
    name = "batches_tf" if backend == "tensorflow" else "batches_numpy"
    return cast(BatchMaker, import_module(f"foldwise.training.by_fold.{name}"))

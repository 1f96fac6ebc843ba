"""Fills a recorder from Keras's own `fit`."""

from __future__ import annotations

from typing import Any

import keras

from foldwise.training.recorder import SLOTS, Recorder, Snapshot


class Recording(keras.callbacks.Callback):  # type: ignore[misc]  # Keras ships no types
    """Records the fold that is fitted; each step must be an execution of its own."""

    def __init__(self, recorder: Recorder, optimizer: str) -> None:
        super().__init__()
        self.recorder, self.optimizer = recorder, optimizer
        self.taken = 0

    def on_train_begin(self, logs: Any = None) -> None:
        """Keep the first weights."""
        self.recorder.at_epoch(0, self.model.get_weights())

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Keep what the wanted step begins with."""
        if self.taken + 1 == self.recorder.step:
            self.recorder.before = self._snapshot()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Keep what the wanted step leads to."""
        self.taken += 1
        if self.taken == self.recorder.step:
            self.recorder.after = self._snapshot()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Keep the weights after the epoch."""
        self.recorder.at_epoch(epoch + 1, self.model.get_weights())

    def _snapshot(self) -> Snapshot:
        found = {name: getattr(self.model.optimizer, attribute, None) for name, attribute in SLOTS.get(self.optimizer, ())}
        slots = {name: [keras.ops.convert_to_numpy(array) for array in arrays] for name, arrays in found.items() if arrays}
        return Snapshot(self.model.get_weights(), slots)

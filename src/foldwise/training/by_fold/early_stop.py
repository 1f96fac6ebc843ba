"""Early stopping: when a fold ends, and which epoch's weights it keeps."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Patience:
    """Waits for a better monitored value. It is immutable: `after(epoch, value)` gives the next state.

    Without `limit` every epoch counts as the best so far, so all epochs are trained and the last weights are kept.
    best_epoch counts from 1; 0 means that no epoch has ended.

    Args:
        limit: epochs without a better value after which training ends.
        min_delta: the smallest gain that counts.
        last: whether a gain of exactly min_delta counts too. With min_delta 0, the last of equally good epochs is then best,
            and `wait` starts anew at each of them.

    Source: keras.callbacks.EarlyStopping with restore_best_weights, which keeps the first of equally good epochs.
    """

    limit: int | None
    min_delta: float = 0.0
    last: bool = False
    best: float = math.inf
    best_epoch: int = 0
    wait: int = 0

    def after(self, epoch: int, value: float) -> Patience:
        """The state after an epoch (counted from 0) that ended with `value`; lower is better."""
        least = self.best - self.min_delta
        if self.limit is None or value < least or (self.last and value == least):
            return replace(self, best=value, best_epoch=epoch + 1, wait=0)
        return replace(self, wait=self.wait + 1)

    @property
    def is_over(self) -> bool:
        """Whether training ends now."""
        return self.limit is not None and self.wait >= self.limit

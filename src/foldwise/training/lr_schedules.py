"""Learning-rate schedules: pure functions from the epoch (counted from 0) to the learning rate.

Sources: Keras courses (time-based, drop-based); Loshchilov & Hutter 2017 (cosine); Smith 2018 (one-cycle);
Holzmueller, Grinsztajn and Steinwart 2024, arXiv 2407.04491 (coslog, flat_cos);
keras.callbacks.ReduceLROnPlateau (plateau).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

Schedule = Callable[[int], float]


def constant(lr0: float) -> Schedule:
    """`lr0` at every epoch."""
    return lambda epoch: lr0


def time_based(lr0: float, decay: float) -> Schedule:
    """`lr0 / (1 + decay * epoch)`; decay >= 0, and 0 is constant."""
    return lambda epoch: lr0 / (1.0 + decay * epoch)


def drop(lr0: float, rate: float, every: int) -> Schedule:
    """`lr0 * rate ** floor((1 + epoch) / every)`: halve every ten epochs with rate 0.5, every 10."""
    return lambda epoch: float(lr0 * rate ** ((1 + epoch) // every))


def exponential(lr0: float, rate: float) -> Schedule:
    """`lr0 * rate ** epoch`; 0 < rate <= 1."""
    return lambda epoch: float(lr0 * rate**epoch)


def polynomial(lr0: float, epochs: int, end: float, power: float) -> Schedule:
    """From `lr0` at epoch 0 to `end * lr0` at the last epoch along `(1 - t) ** power`, t in [0, 1]."""
    return lambda epoch: float(lr0 * (end + (1.0 - end) * (1.0 - _share(epoch, epochs)) ** power))


def cosine(lr0: float, epochs: int, end: float) -> Schedule:
    """From `lr0` to `end * lr0` along half a cosine."""
    return lambda epoch: lr0 * (end + (1.0 - end) * 0.5 * (1.0 + math.cos(math.pi * _share(epoch, epochs))))


def coslog(lr0: float, epochs: int, cycles: int) -> Schedule:
    """`lr0 / 2 * (1 - cos(2 pi log2(1 + (2^cycles - 1) t)))`, t the middle of the epoch as a share of all epochs: never 0."""

    def rate(epoch: int) -> float:
        share = (min(epoch, epochs - 1) + 0.5) / epochs
        return lr0 * 0.5 * (1.0 - math.cos(2.0 * math.pi * math.log2(1.0 + (2.0**cycles - 1.0) * share)))

    return rate


def flat_cos(t: float) -> float:
    """A factor that is 1 up to the middle of the training, t = 0.5, and falls to 0 at its end along half a cosine."""
    return 0.5 * (1.0 + math.cos(math.pi * (max(1.0, 2.0 * min(t, 1.0)) - 1.0)))


def one_cycle(lr0: float, epochs: int, rise: float, start: float, end: float) -> Schedule:
    """Up from `start * lr0` to `lr0` over the first `rise` share of the epochs, then down to `end * lr0`; both half cosines."""

    def rate(epoch: int) -> float:
        share = _share(epoch, epochs)
        if share < rise:
            return lr0 * (1.0 - (1.0 - start) * 0.5 * (1.0 + math.cos(math.pi * share / rise)))
        down = (share - rise) / (1.0 - rise) if rise < 1.0 else 1.0
        return lr0 * (end + (1.0 - end) * 0.5 * (1.0 + math.cos(math.pi * down)))

    return rate


def warmed_up(schedule: Schedule, warmup: int) -> Schedule:
    """A straight rise to the schedule's first rate over `warmup` epochs, then the schedule from its own epoch 0."""
    if warmup == 0:
        return schedule
    return lambda epoch: schedule(0) * (epoch + 1) / (warmup + 1) if epoch < warmup else schedule(epoch - warmup)


def chained(function: Callable[[int, float], float], lr0: float) -> Schedule:
    """`function(epoch, rate of the epoch before)`, as Keras's LearningRateScheduler calls it; lr0 is before epoch 0."""
    rates: list[float] = []

    def rate(epoch: int) -> float:
        while len(rates) <= epoch:
            rates.append(function(len(rates), rates[-1] if rates else lr0))
        return rates[epoch]

    return rate


def recorded(rates: list[float]) -> Schedule:
    """The rates of an earlier training, one an epoch; the last rate holds for all further epochs."""
    return lambda epoch: rates[min(epoch, len(rates) - 1)]


def _share(epoch: int, epochs: int) -> float:
    """Progress of the training: 0 at the first epoch, 1 at the last."""
    return min(1.0, epoch / max(1, epochs - 1))


@dataclass(frozen=True)
class Plateau:
    """Multiplies the rate by `factor` when the monitored loss has not fallen by `min_delta` for `patience` epochs.

    It is immutable: `after(loss)` gives the next state. The rate never goes under `min_rate`.
    """

    rate: float
    factor: float
    patience: int
    min_delta: float
    min_rate: float
    cooldown: int
    best: float = math.inf
    wait: int = 0
    cooling: int = 0

    def after(self, loss: float) -> Plateau:
        """The state after an epoch that ended with `loss`."""
        cooling = max(0, self.cooling - 1)
        wait = 0 if self.cooling > 0 else self.wait
        if loss < self.best - self.min_delta:
            return replace(self, best=loss, wait=0, cooling=cooling)
        if cooling > 0:
            return replace(self, wait=0, cooling=cooling)
        if wait + 1 >= self.patience:
            return replace(self, rate=max(self.rate * self.factor, self.min_rate), wait=0, cooling=self.cooldown)
        return replace(self, wait=wait + 1, cooling=cooling)

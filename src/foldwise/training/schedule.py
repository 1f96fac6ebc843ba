"""From a learning-rate schedule's specification to the rates of a fold."""

from __future__ import annotations

from dataclasses import dataclass, replace

from foldwise.spec.lr_schedule import (
    Constant,
    Cosine,
    Drop,
    Exponential,
    LrScheduleSpec,
    OneCycle,
    PlateauDrop,
    Polynomial,
    TimeBased,
)
from foldwise.training import lr_schedules
from foldwise.training.lr_schedules import Plateau, Schedule


@dataclass(frozen=True)
class Rates:
    """The learning rate of each epoch of one fold: from `schedule`, or after `warmup` epochs from the plateau."""

    schedule: Schedule
    plateau: Plateau | None = None
    warmup: int = 0

    def rate(self, epoch: int) -> float:
        """The rate of the next epoch, counted from 0."""
        return self.schedule(epoch) if self.plateau is None or epoch < self.warmup else self.plateau.rate

    def after(self, epoch: int, loss: float) -> Rates:
        """The rates after an epoch that ended with this validation loss."""
        if self.plateau is None or epoch < self.warmup:
            return self
        return replace(self, plateau=self.plateau.after(loss))


def rates_for(spec: LrScheduleSpec, lr0: float, epochs: int) -> Rates:
    """The rates of a training.

    Args:
        spec: the schedule.
        lr0: the optimizer's learning rate.
        epochs: the maximum, warm-up included; schedules with an end reach it in the last epoch.
    """
    schedule = lr_schedules.warmed_up(_schedule(spec, lr0, max(1, epochs - spec.warmup)), spec.warmup)
    if isinstance(spec, PlateauDrop):
        plateau = Plateau(lr0, spec.factor, spec.patience, spec.min_delta, min(spec.min_rate, lr0), spec.cooldown)
        return Rates(schedule, plateau, spec.warmup)
    return Rates(schedule)


def _schedule(spec: LrScheduleSpec, lr0: float, epochs: int) -> Schedule:
    match spec:
        case Constant() | PlateauDrop():
            return lr_schedules.constant(lr0)
        case TimeBased():
            return lr_schedules.time_based(lr0, spec.decay)
        case Drop():
            return lr_schedules.drop(lr0, spec.rate, spec.every)
        case Exponential():
            return lr_schedules.exponential(lr0, spec.rate)
        case Polynomial():
            return lr_schedules.polynomial(lr0, epochs, spec.end, spec.power)
        case Cosine():
            return lr_schedules.cosine(lr0, epochs, spec.end)
        case OneCycle():
            return lr_schedules.one_cycle(lr0, epochs, spec.rise, spec.start, spec.end)

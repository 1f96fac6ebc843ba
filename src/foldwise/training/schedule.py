"""From a learning-rate schedule's specification to the rates of a fold."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from numbers import Real

from foldwise.errors import ConfigError
from foldwise.spec.lr_schedule import (
    Constant,
    Cosine,
    CosLog,
    Drop,
    Exponential,
    LrScheduleSpec,
    OneCycle,
    PlateauDrop,
    Polynomial,
    PythonSchedule,
    TimeBased,
)
from foldwise.spec.trial import TrialSpec
from foldwise.system.redact import first_line
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


def check_schedule(trial: TrialSpec) -> None:
    """Ask a schedule of the user's own for the rate of every epoch.

    Raises:
        ConfigError: at lr_schedule.schedule, if it raises or returns something else than a rate.
    """
    if isinstance(trial.lr_schedule, PythonSchedule):
        rates_for(trial.lr_schedule, trial.fit.optimizer.rate, trial.fit.epochs).rate(trial.fit.epochs - 1)


def _called(spec: PythonSchedule, epoch: int, rate: float) -> float:
    """The rate that a function of the user's own gives an epoch."""
    name = spec.schedule.name
    try:
        found = spec.call(epoch, rate)
    except Exception as fault:
        message = f"{name} raised {type(fault).__name__} for epoch {epoch} and rate {rate:g}: {first_line(fault)[:300]}"
        raise ConfigError("lr_schedule.schedule", message) from fault
    if isinstance(found, bool) or not isinstance(found, Real):
        rule = f"{name} must return a number for epoch {epoch}, got a {type(found).__name__}"
        raise ConfigError("lr_schedule.schedule", rule if found is None else f"{rule}; write float(...) around it")
    value = float(found)
    if not (math.isfinite(value) and value >= 0):
        raise ConfigError("lr_schedule.schedule", f"{name} must return a rate >= 0, got {value:g} for epoch {epoch}")
    return value


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
        case CosLog():
            return lr_schedules.coslog(lr0, epochs, spec.cycles)
        case OneCycle():
            return lr_schedules.one_cycle(lr0, epochs, spec.rise, spec.start, spec.end)
        case PythonSchedule():
            return lr_schedules.chained(lambda epoch, rate: _called(spec, epoch, rate), lr0)

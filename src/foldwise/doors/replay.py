"""A trial run again alone, and held against what the ledger has of it."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from foldwise.doors.assemble import versions
from foldwise.doors.look import look_at_data
from foldwise.doors.screen import Screen
from foldwise.doors.start_ledger import StartLedger
from foldwise.errors import ConfigError, JobError
from foldwise.spec.study import StudySpec
from foldwise.system.files import plain_value
from foldwise.trial.result import FoldScore, TrialResult

if TYPE_CHECKING:
    from foldwise.ledger.ledger import Ledger


@dataclass(frozen=True)
class Line:
    """A fold, or the mean over them: the score as it was recorded and as it is now, and whether all else agrees too."""

    name: str
    recorded: float
    replayed: float
    equal: bool

    @property
    def difference(self) -> float:
        """How far apart the scores are, nan where only one of them is there."""
        return self.replayed - self.recorded


def replay_here(spec: StudySpec, number: int, opens: StartLedger, screen: Screen) -> None:
    """Run a trial of a study again in this process and show on this terminal how it compares; nothing is written.

    Raises:
        ConfigError: there is no such study or trial, or it asks something else or has other data by now.
        JobError: it does not come out as it did, to the last bit.
    """
    plan = look_at_data(spec, screen)
    from foldwise.config.difference import difference
    from foldwise.study.open_or_resume import compared
    from foldwise.study.plan import threads_of
    from foldwise.system.signals import stoppable
    from foldwise.training.runtime import start

    ledger = opens.open()
    record = ledger.study(spec.name)
    if record is None:
        raise ConfigError("study", f"the ledger has no study {spec.name!r}, so none of its trials can be replayed")
    compared(plan, record, ledger)
    recorded = recorded_trial(ledger, spec.name, number)
    if recorded.number != number:
        screen.note(f"trial {number} took the result of trial {recorded.number}, which is replayed")
    start(threads_of(plan))
    from foldwise.training.cross_validate import cross_validate

    with stoppable(screen.note) as raise_if_stopped:
        job = plan.job(recorded.number, recorded.params)
        replayed = cross_validate(job, plan.table, plan.splits, lambda fold: raise_if_stopped())
    lines = held_against(recorded, replayed)
    screen.replayed([(line.name, line.recorded, line.replayed, line.difference, line.equal) for line in lines])
    if all(line.equal for line in lines):
        screen.note(f"trial {recorded.number} is the same, bit for bit")
        return
    apart = max((abs(line.difference) for line in lines if math.isfinite(line.difference)), default=math.nan)
    changed = difference(record.versions, versions())
    why = f"; other versions by now: {', '.join(changed)}" if changed else "; the versions are those of the record"
    raise JobError(f"trial {recorded.number} is not the same: scores differ by up to {apart:.3g}{why}")


def recorded_trial(ledger: Ledger, study: str, number: int) -> TrialResult:
    """The result of that number; of a trial that took another's result, the other one.

    Raises:
        ConfigError: there is none.
    """
    results = {row.number: row.result for row in ledger.trials(study)}
    if number not in results:
        known = f"it has {min(results)} to {max(results)}" if results else "it has none yet"
        raise ConfigError("replay", f"{study} has no trial {number}; {known}")
    result = results[number]
    if result is None:
        raise ConfigError("replay", f"trial {number} of {study} has no result yet")
    if result.reused is None:
        return result
    trained = results[result.reused]
    assert trained is not None  # whoever reuses a result has it from there
    return trained


def held_against(recorded: TrialResult, replayed: TrialResult) -> list[Line]:
    """Fold by fold: scores, metrics, curves and best epochs to the last bit; seconds are left out. The mean comes last.

    Of a trial that its race stopped, which is replayed without a race, the curves are compared as far as they went.
    """
    then, now = ({fold.fold: fold for fold in result.folds} for result in (recorded, replayed))
    if recorded.state == "STOPPED":
        return [_beginning(then[number], now.get(number)) for number in sorted(then)]
    lines = [_line(f"fold {number}", then.get(number), now.get(number)) for number in sorted({*then, *now})]
    rest = [[result.metrics, result.state, result.reason] for result in (recorded, replayed)]
    equal = _written(rest[0]) == _written(rest[1])
    return [*lines, Line("mean", recorded.mean, replayed.mean, equal and _same(recorded.mean, replayed.mean))]


def _line(name: str, then: FoldScore | None, now: FoldScore | None) -> Line:
    recorded, replayed = (fold.score if fold else math.nan for fold in (then, now))
    return Line(name, recorded, replayed, _written(then and _of_training(then)) == _written(now and _of_training(now)))


def _beginning(then: FoldScore, now: FoldScore | None) -> Line:
    curves = now.curves if now else {}
    equal = all(_written(curve) == _written(curves.get(name, ())[: len(curve)]) for name, curve in then.curves.items())
    return Line(f"fold {then.fold}", then.score, now.score if now else math.nan, equal)


def _of_training(fold: FoldScore) -> dict[str, object]:
    """What a training decides: not how long it took, nor what a race saw of it."""
    return {key: value for key, value in fold.to_json().items() if key not in ("seconds", "rungs")}


def _written(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=plain_value)


def _same(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))

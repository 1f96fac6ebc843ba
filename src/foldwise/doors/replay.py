"""A trial that is run again alone and compared with its record in the ledger."""

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
    from foldwise.data.table import Table
    from foldwise.ledger.ledger import Ledger


@dataclass(frozen=True)
class Line:
    """A fold, or the mean over them: the recorded and the new score, and whether everything else is equal too."""

    name: str
    recorded: float
    replayed: float
    equal: bool

    @property
    def difference(self) -> float:
        """The new score minus the recorded one; nan if one of them is missing."""
        return self.replayed - self.recorded


def replay_here(spec: StudySpec, number: int, opens: StartLedger, screen: Screen, table: Table | None = None) -> None:
    """Run a trial of a study again in this process and show on this terminal how it compares; nothing is written.

    Raises:
        ConfigError: the study or the trial does not exist, or its configuration or data differ.
        JobError: the trial is not the same, to the last bit.
    """
    plan = look_at_data(spec, screen, table=table)
    from foldwise.config.difference import difference
    from foldwise.study.open_or_resume import compared
    from foldwise.study.plan import threads_of
    from foldwise.system.signals import stoppable
    from foldwise.training.program_cache import use_programs
    from foldwise.training.runtime import start

    ledger = opens.open()
    record = ledger.study(spec.name)
    if record is None:
        raise ConfigError("study", f"the ledger has no study {spec.name!r}, so none of its trials can be replayed")
    compared(plan, record, ledger)
    recorded = recorded_trial(ledger, spec.name, number)
    if recorded.number != number:
        screen.note(f"trial {number} reused the result of trial {recorded.number}, which is replayed")
    backend = spec.fixed.training.backend
    use_programs(spec.fixed.paths.cache, screen.note, backend)
    start(threads_of(plan), backend=backend)
    from foldwise.training.cross_validate import cross_validate

    with stoppable(screen.note) as raise_if_stopped:
        job = plan.job(recorded.number, recorded.params, recorded.engine)
        replayed = cross_validate(job, plan.table, plan.splits, lambda fold: raise_if_stopped())
    lines = compare(recorded, replayed)
    screen.replayed([(line.name, line.recorded, line.replayed, line.difference, line.equal) for line in lines])
    if all(line.equal for line in lines):
        screen.note(f"trial {recorded.number} is the same, bit for bit")
        return
    apart = max((abs(line.difference) for line in lines if math.isfinite(line.difference)), default=math.nan)
    changed = difference(record.versions, versions(backend))
    why = f"; versions that changed: {', '.join(changed)}" if changed else "; the versions are the same"
    raise JobError(f"trial {recorded.number} is not the same: scores differ by up to {apart:.3g}{why}")


def recorded_trial(ledger: Ledger, study: str, number: int, key: str = "replay") -> TrialResult:
    """The result of that number; for a trial that reused another's result, the other one. key: of the option that asked.

    Raises:
        ConfigError: the trial does not exist or has no result yet.
    """
    results = {row.number: row.result for row in ledger.trials(study)}
    if number not in results:
        known = f"it has {min(results)} to {max(results)}" if results else "it has none yet"
        raise ConfigError(key, f"{study} has no trial {number}; {known}")
    result = results[number]
    if result is None:
        raise ConfigError(key, f"trial {number} of {study} has no result yet")
    if result.reused is None:
        return result
    trained = results[result.reused]
    assert trained is not None  # only finished trials are reused
    return trained


def compare(recorded: TrialResult, replayed: TrialResult) -> list[Line]:
    """Compare fold by fold scores, metrics, curves and best epochs to the last bit, but not seconds. The mean comes last.

    A trial that its race stopped is replayed without a race; its curves are compared up to where they ended.
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
    """The values that a training decides: neither its seconds nor the rungs of its race."""
    return {key: value for key, value in fold.to_json().items() if key not in ("seconds", "rungs")}


def _written(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=plain_value)


def _same(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))

"""One training step of a study's trial as a page: the trial is replayed with its own engine, and nothing is recorded anew."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from foldwise.config.read import read_service, read_study, trial_at
from foldwise.doors.assemble import require_ledger
from foldwise.doors.look import look_at_data
from foldwise.doors.replay import compare, recorded_trial
from foldwise.doors.screen import Screen
from foldwise.doors.start_ledger import StartLedger
from foldwise.errors import ConfigError
from foldwise.ledger.ledger import Ledger
from foldwise.ledger.rows import StudyRecord, goal_of
from foldwise.spec.services import StepSpec
from foldwise.spec.study import StudySpec
from foldwise.system.keras_backend import USUAL
from foldwise.system.known_words import did_you_mean
from foldwise.trial.result import TrialResult, best_of


def step_here(config: Mapping[str, Any]) -> None:
    """Write `step.html` beside a study's files.

    Raises:
        ConfigError: the study, trial, fold or step does not exist, the network is too large, or configuration or data differ.
        JobError: the trial cannot be replayed.
    """
    asked = read_service(StepSpec, config)
    require_ledger(asked.ledger.url, asked.paths.runs)
    screen = Screen()
    with closing(StartLedger(asked.ledger.url, asked.paths.runs, screen.note)) as opens:
        ledger = opens.open()
        record = ledger.study(asked.study)
        if record is None:
            raise ConfigError("study", f"the ledger holds no study {asked.study!r}{did_you_mean(asked.study, ledger.names())}")
        spec = _spec(record, asked)
        recorded = _trial(ledger, record, asked.trial)
        if asked.trial not in (None, recorded.number):
            screen.note(f"trial {asked.trial} reused the result of trial {recorded.number}, which is shown")
        from foldwise.study.step import refuse_unseeable, replay, watched

        refuse_unseeable(trial_at(spec, recorded.params), recorded.number, spec.fixed.training)
        plan = look_at_data(spec, screen)
        from foldwise.study.open_or_resume import compared
        from foldwise.study.plan import threads_of
        from foldwise.system.signals import stoppable
        from foldwise.training.program_cache import use_programs
        from foldwise.training.runtime import start

        compared(plan, record, ledger)
    fold = watched(plan, recorded, asked.fold, asked.step)
    use_programs(asked.paths.cache, screen.note, USUAL)
    start(threads_of(plan), backend=USUAL)
    with stoppable(screen.note) as raise_if_stopped:
        result, values = replay(fold, raise_if_stopped)
    lines = compare(recorded, result)
    apart = max((abs(line.difference) for line in lines if math.isfinite(line.difference)), default=0.0)
    same = all(line.equal for line in lines)
    from foldwise.report.step_page import write_step_page

    path = plan.folder / "step.html"
    write_step_page(path, {**values, "replay": {"same": same, "apart": apart}})
    step = values["step"]
    screen.note(
        f"trial {recorded.number}, fold {fold.fold}, step {fold.step:,} of {fold.steps * fold.epochs:,}: "
        f"batch {step['batch']} of {step['batches']} in epoch {step['epoch']}, {step['rows']} rows, cost {step['cost']:.6g}"
    )
    screen.note(
        "the replay equals the record bit for bit"
        if same
        else f"the replay is not the same as the record: scores differ by up to {apart:.3g}; the page shows the replay"
    )
    screen.note(f"written: {path}")


def _spec(record: StudyRecord, asked: StepSpec) -> StudySpec:
    """The study as it was recorded, with its places as they are now."""
    recipe = record.recipe
    for key, kind, what in (("data", "frame", "a DataFrame"), ("model", "python", "a Python function")):
        part = recipe.get(key)
        if isinstance(part, Mapping) and part.get("kind") == kind:
            raise ConfigError("study", f"{record.name!r} was made from {what}, which cannot be read again here")
    places = {"paths": asked.paths.model_dump(), "ledger": asked.ledger.model_dump()}
    return read_study({**recipe, "study": record.name, **places})


def _trial(ledger: Ledger, record: StudyRecord, number: int | None) -> TrialResult:
    """The trial of that number, by default the best; with folds.

    Raises:
        ConfigError: it does not exist, or was not trained.
    """
    if number is None:
        results = [row.result for row in ledger.trials(record.name) if row.result is not None and not row.dropped]
        best = best_of(results, goal_of(record, results))
        if best is None:
            raise ConfigError("study", f"{record.name!r} has no complete trial yet")
        number = best.number
    result = recorded_trial(ledger, record.name, number, "trial")
    if result.state == "FAILED":
        raise ConfigError("trial", f"trial {number} of {record.name} failed ({result.reason}); choose another trial")
    return result

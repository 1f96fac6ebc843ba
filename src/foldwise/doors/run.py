"""What stands behind the doors that run a study: from a specification to its summary, said on this terminal."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

from foldwise.doors.assemble import check_tuner, make_executor, make_ledger, make_tracking, make_tuner, versions
from foldwise.doors.reopen import finished_before, nothing_left
from foldwise.doors.screen import Screen
from foldwise.errors import Interrupted, JobError
from foldwise.spec.images import ImageRows
from foldwise.spec.space import Params
from foldwise.spec.study import StudySpec

if TYPE_CHECKING:
    from foldwise.data.new_rows import ChampionContext
    from foldwise.ledger.ledger import Ledger
    from foldwise.ledger.rows import StudyRecord
    from foldwise.spec.goal import Goal
    from foldwise.study.plan import Plan
    from foldwise.trial.result import TrialResult
    from foldwise.trial.summary import StudySummary

# A study that is asked to stop shows what it can in so many seconds.
SHIPPING_SECONDS = 2


def tune_here(spec: StudySpec, defaults_taken: Params | None = None, began: float | None = None) -> None:
    """Show a study that is finished as it stands; run any other. Arguments as those of `run_here`."""
    screen = Screen()
    found = finished_before(spec, screen.note)
    if found is None:
        run_here(spec, defaults_taken, began)
        return
    summary, trials = found
    _notify_finished(spec, trials, screen)
    screen.finished(summary, _where_next(spec, summary))
    from foldwise.doors.shipping import ship_others

    with closing(make_ledger(spec, screen.note)) as ledger:
        ship_others(ledger, spec.fixed.tracking, spec.fixed.paths.runs, screen.note)


def run_here(
    spec: StudySpec, defaults_taken: Params | None = None, began: float | None = None
) -> tuple[StudySpec, Goal, StudySummary, list[TrialResult], Path]:
    """Run a study in this process, shown on this terminal.

    Args:
        spec: the study.
        defaults_taken: the values that ranges took where there is no search, to be said.
        began: when the job began, by `time.monotonic`, if that is not now.

    Returns:
        The study, its goal, its summary, its finished trials and its folder.
    """
    screen = Screen()
    began = time.monotonic() if began is None else began
    if defaults_taken:
        taken = ", ".join(f"{name}={value}" for name, value in defaults_taken.items())
        screen.note(f"no search: every range takes its default: {taken}")
    check_tuner(spec)
    plan = look_at_data(spec, screen)
    from foldwise.doors.shipping import ship_others
    from foldwise.ledger.study_lock import lock_study
    from foldwise.system.signals import stoppable

    _check_builds(plan, screen)
    with (
        stoppable(screen.note) as raise_if_stopped,
        lock_study(plan.folder / "lock"),
        closing(make_ledger(spec, screen.note, raise_if_stopped)) as ledger,
    ):
        summary, results = run_planned(plan, ledger, screen, raise_if_stopped, began)
        if spec.name not in ledger.waiting():  # else MLflow is away
            ship_others(ledger, spec.fixed.tracking, spec.fixed.paths.runs, screen.note)
    screen.finished(summary, _where_next(spec, summary, plan.table.schema.image is not None))
    if not summary.is_registered:
        rule = f"model {summary.model.name} is not registered yet, all else is done and kept"
        raise JobError(f"{rule}; the next start of this study, or of python -m pipelines.ui, registers it")
    return spec, plan.goal, summary, results, plan.folder


def run_planned(
    plan: Plan, ledger: Ledger, screen: Screen, raise_if_stopped: Callable[[], None], began: float
) -> tuple[StudySummary, list[TrialResult]]:
    """Run a study whose data were looked at, or take it as it stands where it is finished; its lock is held.

    Returns:
        Its summary and its finished trials.
    """
    from foldwise.doors.shipping import ship_study
    from foldwise.study.open_or_resume import open_or_resume

    spec = plan.spec
    record = open_or_resume(plan, ledger, versions())
    results = [row.result for row in ledger.trials(spec.name) if row.result is not None and not row.dropped]
    if record.summary is None or not nothing_left(record.summary, len(results), spec.fixed.budget.trials):
        return _carry_out(plan, record, ledger, screen, raise_if_stopped, began)
    _notify_finished(spec, len(results), screen)
    shipped = ship_study(spec.name, ledger, spec.fixed.tracking, spec.fixed.paths.runs, screen.note)
    return shipped or record.summary, results


def _notify_finished(spec: StudySpec, trials: int, screen: Screen) -> None:
    asked = spec.fixed.budget.trials
    why = "" if trials >= asked else " and nothing is left to try"
    screen.note(f"study {spec.name} is finished: {trials} of {asked} trials{why}, 0 more to run")


def _carry_out(
    plan: Plan, record: StudyRecord, ledger: Ledger, screen: Screen, raise_if_stopped: Callable[[], None], began: float
) -> tuple[StudySummary, list[TrialResult]]:
    """The heavy half: networks are trained from here on."""
    spec, elsewhere = plan.spec, plan.spec.fixed.execute.kind != "here"
    from foldwise.study.crash import attribute_crash, crash_noted
    from foldwise.study.deadline import Deadline
    from foldwise.study.plan import threads_of
    from foldwise.study.search import Parts, search

    planned = time.monotonic()
    threads = threads_of(plan) if elsewhere else _start_tensorflow(plan, screen)
    deadline = Deadline(spec.fixed.budget.seconds, began, None if elsewhere else time.monotonic() - planned)

    def after_fold(number: int, fold: int) -> None:
        screen.fold_ends(number, fold)
        raise_if_stopped()

    with ExitStack() as closes:
        if not elsewhere:
            attribute_crash(plan.folder / "crash.txt", ledger, spec.name, screen.note)
            closes.enter_context(crash_noted(plan.folder / "crash.txt"))
        executor = make_executor(plan, threads, screen.note, after_fold, deadline.raise_if_over)
        closes.callback(executor.close)
        tracker, registry = make_tracking(spec.fixed.tracking, spec.fixed.paths.runs, ledger)
        parts = Parts(make_tuner(spec, plan.goals), executor, ledger, tracker, screen, raise_if_stopped, deadline)
        tracker.open(record, ledger.trials(spec.name))
        try:
            searched = search(plan, parts)
            spent = {"data": planned - began, "search": time.monotonic() - planned}
            closes.close()  # the refit has the machine to itself
            if elsewhere:
                _start_tensorflow(plan, screen)
            from foldwise.study.conclude import conclude

            return conclude(plan, searched, parts, registry, spent), searched.results
        except (Interrupted, KeyboardInterrupt) as stop:  # what is not shown yet is shown by the next start
            tracker.close(None, wait_seconds=SHIPPING_SECONDS if isinstance(stop, Interrupted) else 0)
            raise
        except BaseException:
            tracker.close(None)
            raise


def _start_tensorflow(plan: Plan, screen: Screen) -> int:
    """With the study's threads, or with those that it has in this process already; how many there are."""
    from foldwise.study.plan import threads_of
    from foldwise.training.runtime import start

    wanted = threads_of(plan)
    threads = start(wanted, or_as_it_runs=plan.spec.fixed.execute.threads is None)
    if threads != wanted:
        screen.note(f"TensorFlow already runs in this process, so its threads stay as they are; alone, the study has {wanted}")
    return threads


def _check_builds(plan: Plan, screen: Screen) -> None:
    """Networks that only Keras can judge are seen before anything is written; it is imported early for those alone."""
    from foldwise.study.build_check import check_builds, needs_build_check

    if not needs_build_check(plan.spec):
        return
    _start_tensorflow(plan, screen)
    from foldwise.training.by_fold.engine import forget_networks

    forget_networks()
    check_builds(plan)


def look_at_data(spec: StudySpec, screen: Screen, context: ChampionContext | None = None) -> Plan:
    """The plan of a study, said on the screen. A wrong path or column is found before anything slow is imported.

    context: what an earlier model knew, where its challenger is to be made.
    """
    check_data(spec)
    from foldwise.data.audit.finding import refuse
    from foldwise.study.plan import plan_study

    plan = plan_study(spec, context)
    table = plan.table
    kinds = ", ".join(f"{column.name} ({column.kind})" for column in table.schema.columns[:12])
    more = f" and {len(table.schema.columns) - 12} more" if len(table.schema.columns) > 12 else ""
    labels = f", labels {', '.join(table.labels[:10])}" if table.labels else ""
    screen.note(f"study {plan.spec.name}: {table.task} of {table.target_name}{labels}, goal {plan.goal.metric}")
    if table.schema.image is None:
        screen.note(f"columns: {kinds}{more}")
    else:
        screen.note(f"images: {' x '.join(map(str, table.schema.image))} (height, width, channels)")
    screen.audited(plan.findings)
    for note in table.notes:
        screen.note(f"note: {note}")
    screen.note(
        f"rows: {len(plan.development)} to develop on in {len(plan.splits)} fold{'s' * (len(plan.splits) > 1)}, "
        f"{len(plan.holdout)} set aside as holdout"
    )
    if spec.fixed.audit.strict:
        refuse(plan.findings, spec.fixed.audit.accept)
    return plan


def check_data(spec: StudySpec) -> None:
    """Say what is wrong with files before pandas is imported.

    Raises:
        ConfigError, DataError: a file or a column is not there.
    """
    data, paths = spec.fixed.data, spec.fixed.paths
    if isinstance(data, ImageRows):
        from foldwise.data.sources.images import check_images

        check_images(data, paths)
        return
    from foldwise.data.sources.read import check_source

    check_source(data, paths)


def prepare_here(spec: StudySpec) -> None:
    """Show on this terminal what a study would learn from, and keep it as `prepare.json`."""
    screen = Screen()
    plan = look_at_data(spec, screen)
    from foldwise.study.dry_run import dry_run
    from foldwise.system.files import write_json

    shown = dry_run(plan)
    screen.prepared(shown)
    write_json(plan.folder / "prepare.json", shown)
    screen.note(f"written: {plan.folder / 'prepare.json'}")


def _where_next(spec: StudySpec, summary: StudySummary, of_images: bool = False) -> list[str]:
    model, runs = summary.model, spec.fixed.paths.runs
    where = "" if runs == "mlruns" else f" paths.runs={runs}"
    if model.version is None:
        return [f"files:   {spec.folder}"]
    alias = f"@{model.aliases[0]}" if model.aliases else f"/{model.version}"
    rows = "images.npz" if of_images else "rows.csv"
    lines = [
        f"model:   {model.name} version {model.version} ({', '.join(model.aliases)})",
        f"files:   {spec.folder}",
        f"predict: python -m pipelines.predict model={model.name}{alias} input={rows} output=answers.csv{where}",
    ]
    return [*lines, f"look:    python -m pipelines.ui{where}"] if spec.fixed.tracking.kind == "mlflow" else lines

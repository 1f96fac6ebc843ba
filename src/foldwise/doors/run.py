"""Runs a study, from a request to its summary, shown on this terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foldwise.config.read import read_service, trial_at
from foldwise.doors.assemble import (
    check_tuner,
    make_executor,
    make_tracking_beside,
    make_tuner,
    tracking_process,
    trials_at_once,
    versions,
)
from foldwise.doors.compose import Request
from foldwise.doors.load_recipe import start_ledger
from foldwise.doors.look import check_data, look_at_data
from foldwise.doors.notify import check_notify, notified, reported
from foldwise.doors.reopen import finished_before, nothing_left
from foldwise.doors.screen import Screen
from foldwise.doors.settle import Asked, settle_study
from foldwise.doors.start_ledger import StartLedger
from foldwise.errors import DiskFull, Interrupted, JobError, Replaced
from foldwise.spec.notify import Told
from foldwise.spec.places import Paths
from foldwise.spec.study import StudySpec
from foldwise.system.command import door_command, place_words
from foldwise.system.files import sweep
from foldwise.system.keras_backend import TITLES

if TYPE_CHECKING:
    from foldwise.ledger.ledger import Ledger
    from foldwise.ledger.rows import StudyRecord
    from foldwise.spec.goal import Goal
    from foldwise.study.plan import Plan
    from foldwise.study.progress import Progress
    from foldwise.tracking.other_process import OtherProcess
    from foldwise.trial.result import TrialResult
    from foldwise.trial.summary import StudySummary

# Time for a study that is stopped to send its last results to MLflow.
SHIPPING_SECONDS = 2


def tune_here(request: Request, search: bool = True) -> None:
    """Run the study of a request, replay one of its trials, or show a finished study as it is in the ledger.

    search: False for a study of one trial, in which every range takes its default.
    """
    screen = _screen(request)
    with closing(start_ledger(request, screen.note)) as ledger, _notified(request, search, screen) as found:
        asked = settle_study(request, ledger, screen.note, search)
        spec = asked.spec
        found(_named(spec))
        if search and spec.fixed.replay is not None:
            from foldwise.doors.replay import replay_here

            replay_here(spec, spec.fixed.replay, ledger, screen, asked.table)
            return
        finished = asked.finished or (finished_before(spec, ledger) if asked.table is None else None)
        if finished is None:
            found(reported(_run(asked, ledger, screen, request.began, search)[2]))
            return
        summary, trials = finished
        found(reported(summary))
        _notify_finished(spec, trials, screen, summary)
        screen.finished(summary, _where_next(spec, summary))
        from foldwise.doors.shipping import ship_others

        ship_others(ledger.open(), spec.fixed.tracking, spec.fixed.paths.runs, screen.note)


def run_here(
    request: Request, search: bool = True, screen: Screen | None = None
) -> tuple[StudySpec, Goal, StudySummary, list[TrialResult], Path]:
    """Run the study of a request in this process, shown on a screen, by default on this terminal.

    Returns:
        The study, its goal, its summary, its finished trials and its folder.
    """
    screen = screen or _screen(request)
    with closing(start_ledger(request, screen.note)) as ledger, _notified(request, search, screen) as found:
        asked = settle_study(request, ledger, screen.note, search)
        found(_named(asked.spec))
        ran = _run(asked, ledger, screen, request.began, search)
        found(reported(ran[2]))
        return ran


def _screen(request: Request) -> Screen:
    """The terminal. Its first lines come before the configuration is checked."""
    return Screen(quiet=request.config.get("screen") == "quiet")


def _notified(request: Request, search: bool, screen: Screen) -> AbstractContextManager[Callable[[Mapping[str, Any]], None]]:
    """Reports how a study ends, from before its rows are read; the replay of a trial is not reported."""
    told = read_service(Told, {key: request.config[key] for key in Told.model_fields if key in request.config})
    check_notify(told.notify)
    address = None if request.config.get("replay") is not None else told.notify
    about = {"door": "tune" if search else "train", "study": request.config.get("study")}
    return notified(address, told.notify_private, about, screen.always)


def _named(spec: StudySpec) -> dict[str, str]:
    return {"study": spec.name, "model": spec.register}


def _run(
    asked: Asked, opens: StartLedger, screen: Screen, began: float, search: bool
) -> tuple[StudySpec, Goal, StudySummary, list[TrialResult], Path]:
    spec = asked.spec
    if asked.defaults_taken:
        screen.note(f"no search: every range takes its default: {asked.defaults_taken}")
    check_tuner(spec)
    if asked.table is None:
        check_data(spec)
    with _loading(spec) as process:
        plan = look_at_data(spec, screen, table=asked.table, is_checked=True)
        from foldwise.doors.shipping import ship_others
        from foldwise.ledger.study_lock import lock_study
        from foldwise.system.signals import stoppable

        _check_builds(plan, screen)
        with stoppable(screen.always) as raise_if_stopped, lock_study(plan.folder / "lock"):
            sweep(Path(spec.fixed.paths.runs), "studies/*", "studies/*/*")
            ledger = opens.open(raise_if_stopped)
            summary, results = run_planned(plan, ledger, screen, raise_if_stopped, began, process)
        if spec.name not in ledger.waiting():  # else MLflow is away
            ship_others(ledger, spec.fixed.tracking, spec.fixed.paths.runs, screen.note)
    if not search and not screen.quiet:
        _show_network(plan.folder, screen)
    screen.finished(summary, _where_next(spec, summary, plan.table.schema.image is not None))
    if not summary.is_registered:
        rule = f"model {summary.model.name} is not registered yet; everything else is done and kept"
        raise JobError(f"{rule}; the next start of this study, or of {door_command('ui')}, registers it")
    return spec, plan.goal, summary, results, plan.folder


@contextmanager
def _loading(spec: StudySpec) -> Iterator[OtherProcess | None]:
    """MLflow's process, which loads its libraries while the rows are read; it ends if the study is refused."""
    process = tracking_process(spec.fixed.tracking, spec.fixed.paths.runs)
    if process is None:
        yield None
        return
    process.start()
    try:
        yield process
    finally:
        process.end_unasked()


def run_planned(
    plan: Plan,
    ledger: Ledger,
    screen: Screen,
    raise_if_stopped: Callable[[], None],
    began: float,
    process: OtherProcess | None = None,
) -> tuple[StudySummary, list[TrialResult]]:
    """Run a planned study, or take its summary if it is finished. The caller holds the study's lock.

    process: of MLflow, if it was started already.

    Returns:
        Its summary and its finished trials.
    """
    from foldwise.doors.shipping import ship_study
    from foldwise.study.generation import note_of_size
    from foldwise.study.open_or_resume import open_or_resume

    spec = plan.spec
    record = open_or_resume(plan, ledger, versions(spec.fixed.training.backend))
    keeps = note_of_size(spec.fixed.execute.generation, record.generation)
    if keeps is not None:
        screen.note(keeps)
    trials = ledger.count_finished(spec.name)
    if record.summary is None or not nothing_left(record.summary, trials, spec.fixed.budget):
        screen.searches(spec.space, lambda params: trial_at(spec, params).fit.epochs)
        from foldwise.study.live_writer import shown_live
        from foldwise.study.progress import Progress

        progress = Progress()
        with shown_live(ledger.live, spec.name, progress, lambda: screen.lines, screen.note):
            return _train(plan, record, ledger, screen, raise_if_stopped, began, process, progress)
    _notify_finished(spec, trials, screen, record.summary)
    shipped = ship_study(spec.name, ledger, spec.fixed.tracking, spec.fixed.paths.runs, screen.note)
    results = [row.result for row in ledger.trials(spec.name) if row.result is not None and not row.dropped]
    return shipped or record.summary, results


def _notify_finished(spec: StudySpec, trials: int, screen: Screen, summary: StudySummary) -> None:
    asked = spec.fixed.budget.trials
    why = " and further ones can gain too little" if summary.ended == "converged" else " and nothing is left to try"
    why = "" if trials >= asked else why
    screen.note(f"study {spec.name} is finished: {trials} of {asked} trials{why}, 0 more to run")


def _train(
    plan: Plan,
    record: StudyRecord,
    ledger: Ledger,
    screen: Screen,
    raise_if_stopped: Callable[[], None],
    began: float,
    process: OtherProcess | None,
    progress: Progress,
) -> tuple[StudySummary, list[TrialResult]]:
    """Search, refit, judge, register."""
    spec, elsewhere = plan.spec, plan.spec.fixed.execute.kind != "here"
    from foldwise.study.baselines import begin_baselines
    from foldwise.study.crash import attribute_crash, crash_noted
    from foldwise.study.deadline import Deadline
    from foldwise.study.plan import threads_of
    from foldwise.study.search import Parts, search

    planned = time.monotonic()

    def after_fold(number: int, fold: int) -> None:
        screen.fold_ends(number, fold)
        raise_if_stopped()

    def curves_grow(number: int, fold: int, curves: Mapping[str, Sequence[float]], unit: float) -> None:
        progress.curves_grow(number, fold, curves, unit)
        screen.curves_grow(number, fold, curves, unit)

    with ExitStack() as closes:
        tracker, registry, beside = make_tracking_beside(spec.fixed.tracking, spec.fixed.paths.runs, ledger, process)
        try:
            threads, started = threads_of(plan), None
            if not elsewhere:
                baselines = begin_baselines(plan, threads, beside)  # first: that process loads while the backend starts here
                threads, started = _start_backend(plan, screen), time.monotonic() - planned
                attribute_crash(plan.folder / "crash.txt", ledger, spec.name, screen.note)
                closes.enter_context(crash_noted(plan.folder / "crash.txt"))
            deadline = Deadline(spec.fixed.budget.seconds, began, started)
            rows = ledger.trials(spec.name)
            at_once = trials_at_once(plan, threads, record.generation)
            left = sum(row.result is None and not row.dropped for row in rows)
            asked = (screen.note, after_fold, deadline.raise_if_over, curves_grow)
            executor = make_executor(plan, threads, *asked, at_once, left)
            closes.callback(executor.close)
            if elsewhere:  # its cluster has answered
                baselines = begin_baselines(plan, threads, beside)
            tuner = make_tuner(spec, plan.goals)
            parts = Parts(tuner, executor, ledger, tracker, screen, raise_if_stopped, deadline, progress, beside)
            tracker.open(record, rows)
            searched = search(plan, parts, rows, record.generation)
            spent = {"data": planned - began, "search": time.monotonic() - planned}
            closes.close()  # the refit has the machine to itself
            if elsewhere:
                _start_backend(plan, screen)
            from foldwise.study.conclude import conclude
            from foldwise.study.rescue import rescued

            with rescued(plan, lambda: searched.results):
                return conclude(plan, searched, parts, registry, spent, baselines), searched.results
        except (Interrupted, KeyboardInterrupt) as stop:  # what is not shown yet is shown by the next start
            with suppress(DiskFull):
                tracker.close(None, wait_seconds=SHIPPING_SECONDS if isinstance(stop, Interrupted) else 0)
            raise
        except BaseException:
            with suppress(Replaced, DiskFull):  # the first one also says where the results are
                tracker.close(None)
            raise


def _start_backend(plan: Plan, screen: Screen) -> int:
    """Start the study's backend, unless it runs in this process already; the number of its threads."""
    from foldwise.study.backend import start_backend_of
    from foldwise.study.plan import threads_of
    from foldwise.training.program_cache import use_programs

    wanted, backend = threads_of(plan), plan.spec.fixed.training.backend
    use_programs(plan.spec.fixed.paths.cache, screen.note, backend)
    with screen.doing(f"starting {TITLES[backend]}"):
        threads = start_backend_of(plan)
    if threads != wanted:
        screen.note(f"{TITLES[backend]} already runs in this process, with {threads} threads instead of the study's {wanted}")
    return threads


def _check_builds(plan: Plan, screen: Screen) -> None:
    """Build the networks that only Keras can check, before anything is written; only these import it this early."""
    from foldwise.study.build_check import check_builds, needs_build_check

    if not needs_build_check(plan.spec):
        return
    _start_backend(plan, screen)
    from foldwise.training.engines import forget_networks

    forget_networks(plan.spec.fixed.training.backend)
    for sentence in check_builds(plan):
        screen.note(sentence)


def _show_network(folder: Path, screen: Screen) -> None:
    """Print Keras's summary of the network; a study of an earlier version has none."""
    from foldwise.study.refit_best import NETWORK

    with suppress(FileNotFoundError):
        screen.note("\n" + (folder / NETWORK).read_text(encoding="utf-8"))


def _where_next(spec: StudySpec, summary: StudySummary, of_images: bool = False) -> list[str]:
    model, fixed = summary.model, spec.fixed
    runs = None if fixed.paths.runs == Paths().runs else fixed.paths.runs
    where = "".join(f" {word}" for word in place_words(runs, fixed.ledger.url, fixed.tracking.url))
    files = f"files:   {spec.folder}"
    if model.version is None:
        return [files]
    if spec.fixed.tracking.kind == "in_memory":  # what a later command asks for is not there any more
        return [f"model:   {spec.folder / 'bundle'}; tracking=in_memory registers it in this process only", files]
    alias = f"@{model.aliases[0]}" if model.aliases else f"/{model.version}"
    aliases = f" ({', '.join(model.aliases)})" if model.aliases else ""
    rows = "images.npz" if of_images else "rows.csv"
    return [
        f"model:   {model.name} version {model.version}{aliases}",
        files,
        f"predict: {door_command('predict')} model={model.name}{alias} input={rows} output=answers.csv{where}",
        f"open:    {door_command('ui')}{where}",
    ]

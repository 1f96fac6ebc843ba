"""A study from its plan to its summary: ask, write down, train, commit, tell; then pick, refit, judge, register.

One coordinator runs this. What it decides stands in the ledger before it counts, so it may die at any line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field, replace
from typing import Protocol

from foldwise.errors import ConfigError, Interrupted, JobError, OutOfTime, WorkerDied
from foldwise.execution.executor import Executor
from foldwise.ledger.ledger import Ledger
from foldwise.ledger.rows import TrialRow
from foldwise.spec.goal import Goal
from foldwise.spec.space import Params
from foldwise.spec.study import StudySpec
from foldwise.study.crash import crashed
from foldwise.study.deadline import Deadline
from foldwise.study.plan import Plan
from foldwise.study.racing import race_for
from foldwise.study.trial_queue import TrialQueue
from foldwise.study.warm_start import earlier_results
from foldwise.system.kill_points import reached
from foldwise.tracking.tracker import Tracker
from foldwise.trial.result import TrialResult, best_of
from foldwise.trial.summary import Ended
from foldwise.tuning.tuner import Tuner

# So many first trials that fail in the same way say that the configuration is at fault, not the trial.
SAME_FAILURES = 3
# So long trials that run elsewhere may go on when a study is to stop.
SECONDS_TO_END = 5.0
# So soon a signal is heard while other processes train.
SECONDS_BETWEEN_CHECKS = 0.2

_Futures = dict[Future[TrialResult], int]


class Watcher(Protocol):
    """Who looks on while a study runs."""

    def note(self, sentence: str) -> None: ...  # noqa: D102 the names say it
    def search_starts(self, goal: Goal, asked: int, folds: int, finished: Sequence[TrialResult]) -> None: ...  # noqa: D102
    def trial_starts(self, number: int, params: Params) -> None: ...  # noqa: D102
    def trial_ends(self, result: TrialResult) -> None: ...  # noqa: D102
    def search_ends(self) -> None: ...  # noqa: D102


@dataclass(frozen=True)
class Parts:
    """The concrete parts that a study is run with. check raises Interrupted once the user asked to stop.

    A study that is stopped goes on to where it was; one whose time is over comes to its end with the trials that it has.
    """

    tuner: Tuner
    executor: Executor
    ledger: Ledger
    tracker: Tracker
    watcher: Watcher
    raise_if_stopped: Callable[[], None] = lambda: None
    deadline: Deadline = field(default_factory=Deadline)

    def raise_if_over(self) -> None:
        """Raises Interrupted where the search has to end before its time, OutOfTime where its time is over."""
        self.raise_if_stopped()
        self.deadline.raise_if_over()


@dataclass(frozen=True)
class Searched:
    """What a search came to: every finished trial by number, and why there are no more."""

    results: list[TrialResult]
    ended: Ended


def search(plan: Plan, parts: Parts, rows: Sequence[TrialRow]) -> Searched:
    """Run trials until the budget is used; those of earlier starts count. A worker that is free gets the next one at once.

    Args:
        plan: the study.
        parts: what it is run with.
        rows: all trials of earlier starts, as the ledger has them.

    Raises:
        JobError: the first trials all fail in the same way.
        Interrupted: the user asked to stop; finished trials are kept.
    """
    spec, budget = plan.spec, plan.spec.fixed.budget
    counted = [row for row in rows if not row.dropped]
    queue = TrialQueue(
        [row.result for row in counted if row.result is not None],
        {row.number: row.params for row in counted if row.result is None},
        spec.space.count(),
        taken=[row.number for row in rows],
    )
    earlier = earlier_results(plan, parts.ledger)
    if earlier:
        parts.watcher.note(f"the tuner begins with {len(earlier)} trials of {spec.fixed.tuner.warm_start}")
    for result in earlier:
        parts.tuner.tell(result)
    for result in queue.finished:
        _tell(plan, parts, result)
    futures: _Futures = {}
    parts.watcher.search_starts(plan.goal, budget.trials, len(plan.splits), queue.finished)
    try:
        _run(plan, parts, queue, futures)
        ended: Ended = "trials" if queue.begun >= budget.trials else "exhausted"
    except OutOfTime:
        _keep_what_ends(plan, parts, queue, futures, 0)
        ended = "trials" if len(queue.finished) >= budget.trials else "seconds"
    except Interrupted:
        _keep_what_ends(plan, parts, queue, futures, SECONDS_TO_END)
        said = f"stopped after {len(queue.finished)} of {budget.trials} trials; the same command goes on"
        raise Interrupted(said) from None
    finally:
        parts.watcher.search_ends()
    if ended == "seconds":
        for number in sorted({*queue.running, *queue.waiting, *queue.left}):  # asked for again if there is ever time
            parts.ledger.withdraw_trial(spec.name, number)
        if best_of(queue.finished, plan.goal) is None:
            said = f"{parts.deadline.seconds:g} s were over before a trial was complete"
            raise JobError(f"budget.seconds: {said}; give more, or make trials shorter")
        parts.watcher.note(f"budget.seconds: the time of {parts.deadline.seconds:g} s allows {len(queue.finished)} trials")
    if ended == "exhausted":
        parts.watcher.note(f"nothing is left to try: {queue.tried} configurations in {len(queue.finished)} trials")
    return Searched(sorted(queue.finished, key=lambda result: result.number), ended)


def _run(plan: Plan, parts: Parts, queue: TrialQueue, futures: _Futures) -> None:
    """Until there is no trial to begin and none under way."""
    while True:
        _refuse_hopeless(queue.finished)
        parts.raise_if_over()
        while len(futures) < parts.executor.slots:
            trial = _next(plan.spec, parts.tuner, queue)
            if trial is None:
                break
            _start(plan, parts, queue, futures, *trial)
        if not futures:
            return
        for number, future in _done(futures, parts.raise_if_over):
            del futures[future]  # one by one: whatever ends the search meanwhile, those that are left are still to be kept
            _settle(plan, parts, queue, futures, number, future)
            while woken := queue.wake():
                for trial in woken:
                    _train(plan, parts, queue, futures, *trial)


def _next(spec: StudySpec, tuner: Tuner, queue: TrialQueue) -> tuple[int, Params] | None:
    """A trial that an earlier start left behind, else a new one; known configurations and the defaults come first."""
    if queue.left:
        number = min(queue.left)
        return number, queue.left[number]
    if queue.begun >= spec.fixed.budget.trials or queue.is_exhausted:
        return None
    number = queue.next_number
    params = spec.openings[number] if number < len(spec.openings) else tuner.ask(number, queue.pending)
    reached("after-ask")
    return None if params is None else (number, params)


def _start(plan: Plan, parts: Parts, queue: TrialQueue, futures: _Futures, number: int, params: Params) -> None:
    """Write a trial down, then train it, or let it wait for the one that trains the same."""
    parts.ledger.begin_trial(plan.spec.name, number, params)
    queue.begin(number, params)
    if queue.is_running_elsewhere(number, params):
        queue.park(number)
    else:
        _train(plan, parts, queue, futures, number, params)


def _train(plan: Plan, parts: Parts, queue: TrialQueue, futures: _Futures, number: int, params: Params) -> None:
    """Hand a trial to the executor. Values that are right each by itself may contradict each other: then only it fails."""
    known = queue.known(number, params)
    if known is not None:
        _finish(plan, parts, queue, known)
        return
    parts.watcher.trial_starts(number, params)
    try:
        race = race_for(plan.spec.fixed.race, plan.goal, queue.finished, number, plan.spec.fixed.seed)
        job = replace(plan.job(number, params), race=race)
    except ConfigError as fault:
        _finish(plan, parts, queue, TrialResult(number, params, "FAILED", reason=f"configuration: {fault}"))
        return
    futures[parts.executor.submit(job)] = number


def _done(futures: _Futures, raise_if_stopped: Callable[[], None]) -> list[tuple[int, Future[TrialResult]]]:
    """The futures that are done, by number; waits for the first."""
    while True:
        done, _ = wait(futures, timeout=SECONDS_BETWEEN_CHECKS, return_when=FIRST_COMPLETED)
        if not done:  # what is done is written down before anything else
            raise_if_stopped()
        else:
            return sorted(((futures[future], future) for future in done), key=lambda pair: pair[0])


def _keep_what_ends(plan: Plan, parts: Parts, queue: TrialQueue, futures: _Futures, seconds: float) -> None:
    """Write down the trials that come to their end within seconds."""
    done, _ = wait(futures, timeout=seconds)
    for number, future in sorted((futures.pop(future), future) for future in done):
        if future.exception() is None and number in queue.running:
            _finish(plan, parts, queue, future.result())


def _settle(plan: Plan, parts: Parts, queue: TrialQueue, futures: _Futures, number: int, future: Future[TrialResult]) -> None:
    """Take a trial's result; run it again where its process died for the first time, which may have had another cause."""
    params, study = queue.running[number], plan.spec.name
    try:
        _finish(plan, parts, queue, future.result())
    except WorkerDied as death:
        parts.raise_if_over()  # whoever stops a study may have stopped its processes too
        failed = crashed(parts.ledger, study, number, params, str(death))
        if failed is not None:
            _finish(plan, parts, queue, failed)
            return
        parts.watcher.note(f"trial {number}: {death}; it is run again")
        parts.ledger.begin_trial(study, number, params)
        _train(plan, parts, queue, futures, number, params)


def _finish(plan: Plan, parts: Parts, queue: TrialQueue, result: TrialResult) -> None:
    """Commit, then tell: what is not in the ledger did not happen."""
    row = parts.ledger.finish_trial(plan.spec.name, result)
    queue.finish(result)
    _tell(plan, parts, result)
    reached("after-tell")
    parts.tracker.trial(row)
    parts.watcher.trial_ends(result)


def _tell(plan: Plan, parts: Parts, result: TrialResult) -> None:
    """Whoever decides by results gets to know of one."""
    parts.tuner.tell(result)
    parts.deadline.note(result, plan.goal, len(plan.development) / min(len(split.train) for split in plan.splits))


def _refuse_hopeless(finished: list[TrialResult]) -> None:
    if len(finished) != SAME_FAILURES:
        return
    first = sorted(finished, key=lambda result: result.number)
    causes = {(result.reason or "").split(":")[0] for result in first}
    if all(result.state == "FAILED" for result in first) and len(causes) == 1:
        raise JobError(f"the first {SAME_FAILURES} trials failed in the same way, so the study ends: {first[0].reason}")

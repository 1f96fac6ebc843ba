"""The search of a study: ask the tuner, write the trial down, train it, commit its result, tell the tuner.

One coordinator runs this. Each decision is in the ledger before it counts, so the process may die at any line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field, replace
from typing import Protocol

from foldwise.errors import ConfigError, Interrupted, JobError, OutOfTime, Replaced, WorkerDied
from foldwise.execution.executor import Executor
from foldwise.ledger.ledger import Ledger
from foldwise.ledger.rows import TrialRow
from foldwise.spec.goal import Goal
from foldwise.spec.space import Params
from foldwise.study import out_of_fold
from foldwise.study.beside import Beside
from foldwise.study.converged import Convergence
from foldwise.study.crash import crashed
from foldwise.study.deadline import Deadline
from foldwise.study.earlier import earlier_like
from foldwise.study.estimate import Estimate
from foldwise.study.generation import first_of, results_before
from foldwise.study.plan import Plan
from foldwise.study.progress import Progress
from foldwise.study.racing import race_for
from foldwise.study.rescue import rescued
from foldwise.study.trial_queue import TrialQueue
from foldwise.study.warm_start import earlier_results
from foldwise.system.kill_points import reached
from foldwise.system.numbers import counted
from foldwise.system.signals import KEPT
from foldwise.tracking.tracker import Tracker
from foldwise.trial.curve_spool import CurveSpool
from foldwise.trial.result import TrialResult, best_of
from foldwise.trial.summary import Ended, StudySummary
from foldwise.tuning.tuner import Tuner

# If this many first trials fail in the same way, whatever their parameters, the configuration is at fault.
SAME_FAILURES = 3
# The first words of failures that depend on a trial's parameters: others may well train.
DEPENDS_ON_PARAMS = ("nan", "configuration", "timeout", "memory", "oom", "balance", "crash")
# How long trials in other processes may go on after a study was asked to stop.
SECONDS_TO_END = 5.0
# How often the coordinator looks for a signal while other processes train.
SECONDS_BETWEEN_CHECKS = 0.2


class Watcher(Protocol):
    """Shows a study while it runs."""

    def note(self, sentence: str) -> None: ...  # noqa: D102 the names say it
    def search_starts(self, goal: Goal, asked: int, folds: int, finished: Sequence[TrialResult]) -> None: ...  # noqa: D102
    def trial_starts(self, number: int, params: Params) -> None: ...  # noqa: D102
    def trial_ends(self, result: TrialResult) -> None: ...  # noqa: D102
    def search_ends(self) -> None: ...  # noqa: D102
    def judged(self, summary: StudySummary) -> None: ...  # noqa: D102


@dataclass(frozen=True)
class Parts:
    """The concrete parts that a study is run with. raise_if_stopped raises Interrupted once the user asked to stop.

    A study that was stopped goes on from there at its next start; one that runs out of time ends with the trials that it has.
    progress: what a page shows of the study while it runs; a page may ask the study to end there.
    beside: does other work meanwhile, in another process; None if there is none.
    """

    tuner: Tuner
    executor: Executor
    ledger: Ledger
    tracker: Tracker
    watcher: Watcher
    raise_if_stopped: Callable[[], None] = lambda: None
    deadline: Deadline = field(default_factory=Deadline)
    progress: Progress = field(default_factory=Progress)
    beside: Beside | None = None

    def raise_if_asked_to_end(self) -> None:
        """Raise Interrupted if the user asked to stop, here or on a page."""
        self.raise_if_stopped()
        if self.progress.is_asked_to_end:
            raise Interrupted(KEPT)

    def raise_if_over(self) -> None:
        """Raise Interrupted if the user asked to stop, OutOfTime if the time is over."""
        self.raise_if_stopped()
        self.deadline.raise_if_over()


@dataclass(frozen=True)
class Searched:
    """All finished trials by number, and why the search ended."""

    results: list[TrialResult]
    ended: Ended


def search(plan: Plan, parts: Parts, rows: Sequence[TrialRow], generation: int = 1) -> Searched:
    """Run trials until the budget is used; those of earlier starts count. A free worker gets the next trial at once.

    Args:
        plan: the study.
        parts: what it is run with.
        rows: all trials of earlier starts, as the ledger has them.
        generation: how many trials the tuner proposes before it learns from their results. From 2 on, the trials of a study are
            the same wherever and however often it is stopped and for any number of workers.

    Raises:
        JobError: the first trials all fail in the same way, which their parameters do not decide, or the time is over before
            a trial is complete.
        Interrupted: the user asked to stop; finished trials are kept.
        Replaced: the ledger or MLflow's file was deleted or replaced; the results were written beside.
    """
    kept = [row for row in rows if not row.dropped]
    queue = TrialQueue(
        [row.result for row in kept if row.result is not None],
        {row.number: row.params for row in kept if row.result is None},
        plan.spec.space.count(),
        taken=[row.number for row in rows],
    )
    began, slots = parts.deadline.began, parts.executor.slots
    estimate = Estimate(plan, earlier_like(plan, parts.ledger), parts.deadline.started, began, slots)
    return Search(plan, parts, queue, Convergence(plan), estimate, CurveSpool(plan.folder), generation).run()


@dataclass(eq=False)
class Search:
    """A search under way.

    spool: has the curves of finished trials. generation: as `search` takes it.
    futures: of the trials that the executor has, with their numbers.
    seen: what tuner and races know where there are generations: the results before number `begins`, at which the latest begins.
    """

    plan: Plan
    parts: Parts
    queue: TrialQueue
    convergence: Convergence
    estimate: Estimate
    spool: CurveSpool
    generation: int = 1
    futures: dict[Future[TrialResult], int] = field(default_factory=dict)
    begins: int = 0
    seen: list[TrialResult] = field(default_factory=list)

    def run(self) -> Searched:
        """As `search`."""
        trials, finished, watcher = self.plan.spec.fixed.budget.trials, self.queue.finished, self.parts.watcher
        self._tell_known_results()
        self.parts.progress.stage_starts("search")
        watcher.search_starts(self.plan.goal, trials, len(self.plan.splits), finished)
        try:
            with rescued(self.plan, self._all_results):
                self._run_trials()
            ended: Ended = "trials" if self.queue.begun >= trials else "converged" if self.convergence.sentence else "exhausted"
        except OutOfTime:
            self._keep_finished(seconds=0)
            ended = "trials" if len(finished) >= trials else "seconds"
        except Interrupted:
            self._keep_finished(SECONDS_TO_END)
            raise Interrupted(f"stopped after {len(finished)} of {trials} trials; the same command goes on") from None
        finally:
            watcher.search_ends()
        if ended == "seconds":
            self._end_without_time()
        if ended == "converged":
            watcher.note(str(self.convergence.sentence))
        if ended == "exhausted":
            watcher.note(
                f"nothing is left to try: {counted(self.queue.tried, 'configuration')} in {counted(len(finished), 'trial')}"
            )
        return Searched(sorted(finished, key=lambda result: result.number), ended)

    def _tell_known_results(self) -> None:
        """Tell the tuner what an earlier study and earlier starts of this one found."""
        earlier = earlier_results(self.plan, self.parts.ledger)
        if earlier:
            self.parts.watcher.note(f"the tuner begins with {len(earlier)} trials of {self.plan.spec.fixed.tuner.warm_start}")
        for result in earlier:
            self.parts.tuner.tell(result)
        for result in self.queue.finished:
            self._note(result)

    def _run_trials(self) -> None:
        """Start and finish trials until there are none to start and none in training."""
        while True:
            self._refuse_same_failures()
            self.parts.raise_if_over()
            asked = self.parts.progress.is_asked_to_end  # trials in other processes end too, without new ones
            while not asked and len(self.futures) < self.parts.executor.slots:
                trial = self._next()
                if trial is None:
                    break
                self._start(*trial)
            if not self.futures:
                self.parts.raise_if_asked_to_end()
                return
            for number, future in self._done():
                del self.futures[future]  # one by one: if the search ends here, the others are still kept
                self._settle(number, future)
                while woken := self.queue.wake():
                    for trial in woken:
                        self._train(*trial)

    def _next(self) -> tuple[int, Params] | None:
        """A trial that an earlier start left running, else a new one: first the openings, then those of the tuner."""
        queue, spec = self.queue, self.plan.spec
        if queue.left:
            number = min(queue.left)
            return number, queue.left[number]
        if queue.begun >= spec.fixed.budget.trials or queue.is_exhausted:
            return None
        number = queue.next_number
        first = first_of(number, self.generation)
        if self.generation > 1 and queue.unfinished_before(first):
            return None  # the tuner learns from a generation when it is whole
        if number == first and self.convergence.reached(queue):
            return None
        params = spec.openings[number] if number < len(spec.openings) else self._ask(number)
        reached("after-ask")
        return None if params is None else (number, params)

    def _ask(self, number: int) -> Params | None:
        """The tuner's parameters. It sees earlier generations whole, and this one as pending, whatever of it has ended."""
        if self.generation == 1:
            return self.parts.tuner.ask(number, self.queue.pending)
        self._results_for(number)
        return self.parts.tuner.ask(number, self.queue.params_between(self.begins, number))

    def _results_for(self, number: int) -> Sequence[TrialResult]:
        """What a trial's race knows: the results of earlier generations, which the tuner is told now, or all without these."""
        if self.generation == 1:
            return self.queue.finished
        first = first_of(number, self.generation)
        if first != self.begins:
            known = {result.number for result in self.seen}
            self.begins, self.seen = first, results_before(self.queue.finished, first)
            for result in self.seen:
                if result.number not in known:
                    self.parts.tuner.tell(result)
        return self.seen

    def _start(self, number: int, params: Params) -> None:
        """Write a trial down, then train it; or let it wait for a running trial of the same configuration."""
        self.parts.ledger.begin_trial(self.plan.spec.name, number, params)
        self.queue.begin(number, params)
        if self.queue.is_running_elsewhere(number, params):
            self.queue.park(number)
        else:
            self._train(number, params)

    def _train(self, number: int, params: Params) -> None:
        """Hand a trial to the executor. If its values contradict each other, only this trial fails."""
        known = self.queue.known(number, params)
        if known is not None:
            self._finish(known)
            return
        self.parts.watcher.trial_starts(number, params)
        self.parts.progress.trial_starts(number)
        fixed = self.plan.spec.fixed
        try:
            race = race_for(fixed.race, self.plan.goal, self._results_for(number), number, fixed.seed)
            job = replace(self.plan.job(number, params), race=race)
        except ConfigError as fault:
            self._finish(TrialResult(number, params, "FAILED", reason=f"configuration: {fault}"))
            return
        self.futures[self.parts.executor.submit(job)] = number

    def _done(self) -> list[tuple[int, Future[TrialResult]]]:
        """Wait for a future, and return all that are done, by number."""
        while True:
            done, _ = wait(self.futures, timeout=SECONDS_BETWEEN_CHECKS, return_when=FIRST_COMPLETED)
            if done:  # results are committed before anything else
                return sorted(((self.futures[future], future) for future in done), key=lambda pair: pair[0])
            self.parts.raise_if_over()

    def _settle(self, number: int, future: Future[TrialResult]) -> None:
        """Take a trial's result. If its process died for the first time, run it again: the cause may be elsewhere."""
        params, study = self.queue.running[number], self.plan.spec.name
        try:
            self._finish(future.result())
        except WorkerDied as death:
            self.parts.raise_if_over()  # a study that is being stopped may have its processes stopped too
            failed = crashed(self.parts.ledger, study, number, params, str(death))
            if failed is not None:
                self._finish(failed)
                return
            self.parts.watcher.note(f"trial {number}: {death}; it is run again")
            self.parts.ledger.begin_trial(study, number, params)
            self._train(number, params)

    def _finish(self, result: TrialResult) -> None:
        """Commit a result before anyone acts on it; its predictions go to a file before, so that none is without them."""
        out_of_fold.keep(self.plan, result, self.queue.finished)
        result = replace(result, answers=None)
        try:
            row = self.parts.ledger.finish_trial(self.plan.spec.name, result)
        except Replaced:
            self.queue.finish(result)  # it is written beside
            raise
        result = self.spool.without_curves(result)
        self.queue.finish(result)
        self._note(result)
        reached("after-tell")
        self.parts.tracker.trial(replace(row, result=result))
        self.parts.watcher.trial_ends(result)
        if sentence := self.estimate.sentence(self.queue, self.parts.deadline.refit):
            self.parts.watcher.note(sentence)
        self.parts.progress.expects(self.estimate.left(self.queue, self.parts.deadline.refit))

    def _note(self, result: TrialResult) -> None:
        """Tell a result to all who learn from it. Where there are generations, the tuner learns when this one is whole."""
        if self.generation == 1:
            self.parts.tuner.tell(result)
        smallest = min(len(split.train) for split in self.plan.splits)
        fixed, seeds = self.plan.spec.fixed, self.plan.spec.corners[0].fit.seeds
        members = 1 if fixed.ensemble.kind == "none" else min(fixed.ensemble.most, fixed.budget.trials)
        rows = len(self.plan.development) / smallest
        self.parts.deadline.note(result, self.plan.goal, rows, seeds, fixed.fresh_trainings, members)

    def _keep_finished(self, seconds: float) -> None:
        """Commit the results of the trials that end within this time."""
        done, _ = wait(self.futures, timeout=seconds)
        for number, future in sorted((self.futures.pop(future), future) for future in done):
            if future.exception() is None and number in self.queue.running:
                self._finish(future.result())

    def _all_results(self) -> list[TrialResult]:
        """The results that there are, whether committed or not."""
        ended = [future for future in self.futures if future.done() and future.exception() is None]
        return [*self.queue.finished, *(future.result() for future in ended)]

    def _end_without_time(self) -> None:
        """Withdraw the unfinished trials, so that a later start with more time asks for them again."""
        seconds, finished = self.parts.deadline.seconds, self.queue.finished
        for number in sorted({*self.queue.running, *self.queue.waiting, *self.queue.left}):
            self.parts.ledger.withdraw_trial(self.plan.spec.name, number)
        if best_of(finished, self.plan.goal) is None:
            rule = f"{seconds:g} s were over before a trial was complete"
            raise JobError(f"budget.seconds: {rule}; give more, or make trials shorter")
        self.parts.watcher.note(f"budget.seconds: the time of {seconds:g} s was enough for {len(finished)} trials")

    @property
    def _is_whole(self) -> bool:
        """Whether all trials of the latest generation have a result."""
        queue, size = self.queue, self.generation
        every = queue.next_number % size == 0 or queue.begun >= self.plan.spec.fixed.budget.trials
        return size == 1 or (every and not queue.is_busy)

    def _refuse_same_failures(self) -> None:
        """End the study if its first trials failed in the same way; with generations, once the last of them is whole."""
        count = len(self.queue.finished)
        if not (self._is_whole and SAME_FAILURES <= count < SAME_FAILURES + self.generation):
            return
        first = sorted(self.queue.finished, key=lambda result: result.number)[:SAME_FAILURES]
        causes = {(result.reason or "").split(":")[0] for result in first}
        if any(result.state != "FAILED" for result in first) or len(causes) > 1:
            return
        same = f"the first {SAME_FAILURES} trials failed in the same way"
        if not causes.isdisjoint(DEPENDS_ON_PARAMS):
            self.parts.watcher.note(f"{same}; others may train, so the study goes on: {first[0].reason}")
            return
        raise JobError(f"{same}, so the study ends: {first[0].reason}")

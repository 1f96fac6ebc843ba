"""The ledger: studies and trials with their results. A row is committed before it counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Update, delete, exists, func, insert, select, update

from foldwise.errors import JobError, Overtaken
from foldwise.ledger.database import connect
from foldwise.ledger.job_runs import JobRuns
from foldwise.ledger.live import Live
from foldwise.ledger.looks import Looks
from foldwise.ledger.model_lock import WAIT_SECONDS, hold_model
from foldwise.ledger.model_versions import Versions
from foldwise.ledger.overview import Overview
from foldwise.ledger.pending_results import KeptResults, Running
from foldwise.ledger.promotions import Promotions
from foldwise.ledger.rows import FOLD_COLUMNS, RUNNING, StudyRecord, TrialRow, fold_of, trial_of
from foldwise.ledger.tables import folds, holdout_reads, live, studies, trials
from foldwise.ledger.transactions import Transactions
from foldwise.spec.space import Params
from foldwise.system.kill_points import reached
from foldwise.trial.provenance import Provenance
from foldwise.trial.result import FoldScore, TrialResult, same
from foldwise.trial.summary import StudySummary


def open_ledger(
    url: str, notify: Callable[[str], None] = lambda sentence: None, raise_if_stopped: Callable[[], None] = lambda: None
) -> Ledger:
    """Open the ledger at a database address; missing tables are created, older ones migrated.

    Args:
        url: the address.
        notify: called when the database is unavailable, when it is back, and with the path of the copy of an older ledger.
        raise_if_stopped: raises after the user asked to stop, also while waiting for the database.

    Raises:
        ConfigError: the address is wrong, cannot be reached, or holds something else or a newer ledger.
    """
    return Ledger(Transactions(*connect(url, notify, raise_if_stopped)), notify)


class Ledger:
    """Each method is one transaction, committed when the method returns; it waits for a database that is unavailable.

    Only the coordinator of a study may write: the process that created it, or called `lead` last. If the connection is lost
    during a commit, the work runs again; so each method first looks for its own earlier write.

    Raises (all methods):
        JobError: the database fails, the call contradicts its rows, or another process coordinates the study.
    """

    def __init__(self, transactions: Transactions, notify: Callable[[str], None]) -> None:
        self._transactions = transactions
        self.versions = Versions(transactions)
        self.promotions = Promotions(transactions)
        self.looks = Looks(transactions)
        self.job_runs = JobRuns(transactions)
        self.live = Live(transactions)
        self.overview = Overview(transactions)
        self._notify = notify
        self._attempts: dict[tuple[str, int], int] = {}
        self._kept: dict[str, KeptResults] = {}

    def lead(self, study: str) -> None:
        """Make this process the coordinator of a study, which need not exist yet.

        Raises:
            JobError: another process coordinates it; names the process and its start.
        """
        self._transactions.lead(study)

    def create_study(
        self,
        name: str,
        recipe: Mapping[str, Any],
        data_fingerprint: str,
        holdout: Mapping[str, Any],
        versions: Mapping[str, str],
        provenance: Provenance | None = None,
    ) -> StudyRecord:
        """Write a new study; this process is its coordinator."""
        record = StudyRecord(name, recipe, data_fingerprint, holdout, versions, _now(), provenance=provenance)
        values = {key: value for key, value in vars(record).items() if value is not None}

        def create(connection: Connection) -> None:
            own = select(studies.c.created, studies.c.holder).where(studies.c.name == name)
            old = connection.execute(own).one_or_none()
            if old is None:
                connection.execute(insert(studies).values(**values, epoch=1, holder=self._transactions.me))
            elif (old.created, old.holder) != (record.created, self._transactions.me):
                raise JobError(f"study {name} exists already")
            reached("in-create")

        reached("before-create")
        self._transactions.do(create, f"study {name} exists already")
        self._transactions.leads(name, epoch=1)
        reached("after-create")
        return record

    def study(self, name: str) -> StudyRecord | None:
        """The study of that name, None if unknown."""
        columns = [studies.c[field.name] for field in fields(StudyRecord)]
        query = select(*columns).where(studies.c.name == name)
        row = self._transactions.do(lambda connection: connection.execute(query).one_or_none())
        return None if row is None else StudyRecord(*row)

    def names(self) -> list[str]:
        """The names of all studies, newest first."""
        query = select(studies.c.name).order_by(studies.c.created.desc())
        return list(self._transactions.do(lambda connection: connection.execute(query).scalars().all()))

    def ask_for(self, study: str, trials: int) -> None:
        """Record the requested number of trials in total."""
        self._transactions.write(study, lambda connection: connection.execute(_changed(study, asked=trials)))

    def recover(self, study: str, folder: Path) -> None:
        """Commit results that an earlier start left in a folder; new results are kept there until they are committed."""
        record = self.study(study)
        if record is None:
            raise JobError(f"study {study} is unknown")
        kept = self._kept[study] = KeptResults(folder, study, record.created)
        query = select(trials.c.number, trials.c.attempt, trials.c.params)
        query = query.where((trials.c.study == study) & (trials.c.state == RUNNING))
        rows = self._transactions.do(lambda connection: connection.execute(query).all())
        for attempt, result in kept.left({row.number: Running(row.attempt, row.params) for row in rows}, self._notify):
            self._attempts[study, result.number] = attempt
            self.finish_trial(study, result)
            self._notify(f"trial {result.number} was trained by an earlier start; its result is committed now")

    def begin_trial(self, study: str, number: int, params: Params) -> int:
        """Record a running trial with its parameters; its attempt, counted over all starts."""
        here, values = _at(study, number), {"state": RUNNING, "params": params, "started": _now()}

        def begin(connection: Connection) -> int:
            columns = select(trials.c.attempt, trials.c.state, trials.c.started)
            old = connection.execute(columns.where(here)).one_or_none()
            if old is None:
                connection.execute(insert(trials).values(study=study, number=number, attempt=1, **values))
                return 1
            if old.state != RUNNING:
                raise JobError(f"trial {number} of study {study} is {old.state} already")
            if old.started == values["started"]:  # our own earlier try
                return int(old.attempt)
            connection.execute(update(trials).where(here).values(attempt=int(old.attempt) + 1, **values))
            return int(old.attempt) + 1

        self._attempts[study, number] = attempt = self._transactions.write(study, begin)
        reached("after-begin")
        return attempt

    def note_crash(self, study: str, number: int) -> int:
        """Record that the process of a running trial died; the number of such crashes so far."""
        running = _at(study, number) & (trials.c.state == RUNNING)
        counts: list[int] = []  # the first one is right, also if the transaction runs again

        def note(connection: Connection) -> int:
            before = connection.execute(select(trials.c.crashes).where(running)).scalar_one_or_none()
            if before is None:
                raise JobError(f"trial {number} of study {study} is not running, so it cannot have crashed")
            counts.append(before + 1)
            connection.execute(update(trials).where(running).values(crashes=counts[0]))
            return counts[0]

        return self._transactions.write(study, note)

    def withdraw_trial(self, study: str, number: int) -> None:
        """Delete a running trial, as if it had never begun; an unknown trial counts as deleted."""
        here = _at(study, number)

        def withdraw(connection: Connection) -> None:
            connection.execute(delete(trials).where(here & (trials.c.state == RUNNING)))
            if connection.execute(select(trials.c.number).where(here)).first() is not None:
                raise JobError(f"trial {number} of study {study} is not running, so it cannot be withdrawn")

        self._transactions.write(study, withdraw)

    def finish_trial(self, study: str, result: TrialResult) -> TrialRow:
        """Write the result and the folds of a trial that this process began; its row.

        Until the commit the result is kept in the folder given to `recover`. Repeating the same call is harmless.
        """
        here, ended = _at(study, result.number), _now()
        attempt, kept = self._attempts.get((study, result.number)), self._kept.get(study)
        values = {key: value for key, value in vars(result).items() if key not in ("number", "folds", "answers")}
        values |= {"metrics": dict(result.metrics), "costs": dict(result.costs), "ended": ended}
        refusal = f"trial {result.number} of study {study} is not running, so it cannot be finished"
        if attempt is None:
            raise JobError(refusal)
        if kept is not None:
            kept.keep(attempt, result, synced=not self._transactions.is_local)  # a local commit syncs it at once
            reached("after-result-file")

        def finish(connection: Connection) -> TrialRow:
            running = here & (trials.c.state == RUNNING) & (trials.c.attempt == attempt)
            if connection.execute(update(trials).where(running).values(**values)).rowcount == 1:
                if result.folds:
                    rows = [{**fold.to_json(), "study": study, "number": result.number} for fold in result.folds]
                    connection.execute(insert(folds), rows)
                reached("before-commit")
                return trial_of(connection.execute(select(trials).where(here)).one(), result.folds)
            old = connection.execute(select(trials).where(here)).one()
            of_trial = (folds.c.study == study) & (folds.c.number == result.number)
            scores = connection.execute(select(*FOLD_COLUMNS).where(of_trial).order_by(folds.c.fold)).all()
            written = trial_of(old, [fold_of(score) for score in scores])
            if written.attempt != attempt or not same(written.result, result):
                raise JobError(refusal)
            return written  # our own earlier try

        try:
            row = self._transactions.write(study, finish)
        except Overtaken:
            if kept is not None:
                kept.drop(attempt, result.number)
            raise
        reached("after-commit")
        if kept is not None:
            kept.drop(attempt, result.number)
        return row

    def trials(self, study: str) -> list[TrialRow]:
        """All trials of a study by number, running ones included."""
        query = select(*FOLD_COLUMNS, folds.c.number).where(folds.c.study == study).order_by(folds.c.number, folds.c.fold)

        def read(connection: Connection) -> list[TrialRow]:
            rows = connection.execute(select(trials).where(trials.c.study == study).order_by(trials.c.number)).all()
            scores: dict[int, list[FoldScore]] = {}
            for row in connection.execute(query):
                scores.setdefault(row.number, []).append(fold_of(row))
            return [trial_of(row, scores.get(row.number, ())) for row in rows]

        return self._transactions.do(read)

    def count_finished(self, study: str) -> int:
        """The number of trials of a study that have a result and were not dropped."""
        done = (trials.c.study == study) & (trials.c.state != RUNNING) & trials.c.dropped.is_(False)
        query = select(func.count()).where(done)
        return int(self._transactions.do(lambda connection: connection.execute(query).scalar_one()))

    def complete_scores(self, study: str) -> list[float]:
        """The means of the complete trials of a study by number, without their folds and curves."""
        done = (trials.c.study == study) & (trials.c.state == "COMPLETE") & trials.c.dropped.is_(False)
        query = select(trials.c.mean).where(done).order_by(trials.c.number)
        return list(self._transactions.do(lambda connection: connection.execute(query).scalars().all()))

    def mark_shipped(self, study: str, number: int | None, run_id: str) -> None:
        """Record the tracker's run of a trial, or of the study itself if number is None."""
        shipped = update(trials).where(_at(study, number or 0)).values(shipped=run_id)
        self._transactions.write(study, lambda c: c.execute(_changed(study, run_id=run_id) if number is None else shipped))
        reached("after-ship")

    def mark_shown(self, study: str, finished: datetime) -> None:
        """Record that the tracker shows the summary of that moment."""
        self._transactions.write(study, lambda connection: connection.execute(_changed(study, shown=finished)))

    def waiting(self) -> list[str]:
        """The studies that their tracker does not show completely yet, oldest first."""
        missed = (trials.c.state != RUNNING) & trials.c.dropped.is_(False) & trials.c.shipped.is_(None)
        trial_waits = exists().where((trials.c.study == studies.c.name) & missed)
        summary_waits = studies.c.finished.is_not(None) & (studies.c.shown.is_(None) | (studies.c.shown != studies.c.finished))
        query = select(studies.c.name).where(trial_waits | summary_waits).order_by(studies.c.created)
        return list(self._transactions.do(lambda connection: connection.execute(query).scalars().all()))

    def finish_study(self, study: str, summary: StudySummary) -> None:
        """Record a study's summary; an extended study is finished again."""
        changed = _changed(study, finished=_now(), summary=summary)
        self._transactions.write(study, lambda connection: connection.execute(changed))

    def extend_study(self, study: str, recipe: Mapping[str, Any], kept: Mapping[int, Params]) -> StudyRecord:
        """Give a study another recipe. The trials in `kept` get new parameters; all others are dropped."""
        own = trials.c.study == study

        def extend(connection: Connection) -> None:
            connection.execute(_changed(study, recipe=recipe, finished=None, summary=None))
            connection.execute(delete(trials).where(own & (trials.c.state == RUNNING) & trials.c.number.not_in(kept)))
            connection.execute(update(trials).where(own).values(dropped=True))
            for number, params in kept.items():
                connection.execute(update(trials).where(_at(study, number)).values(params=params, dropped=False))

        self._transactions.write(study, extend)
        record = self.study(study)
        assert record is not None  # it was written just above
        return record

    def remove_study(self, study: str) -> None:
        """Delete a study with its trials, after `lead`. Reads of the holdout stay: they happened.

        Raises:
            Overtaken: another process coordinates it now.
        """

        def remove(connection: Connection) -> None:
            holder = connection.execute(select(studies.c.holder).where(studies.c.name == study)).scalar_one_or_none()
            if holder not in (None, self._transactions.me):
                raise Overtaken(f"study {study} was taken over by another process, so it is not deleted")
            for table, column in (
                (live, live.c.study),
                (folds, folds.c.study),
                (trials, trials.c.study),
                (studies, studies.c.name),
            ):
                connection.execute(delete(table).where(column == study))

        self._transactions.do(remove)

    def record_holdout_read(self, data_fingerprint: str, study: str, rows: int) -> int:
        """Record that a study read the holdout of these data; the number of such reads so far."""
        table, values = holdout_reads, {"data_fingerprint": data_fingerprint, "study": study, "moment": _now(), "rows": rows}

        def note(connection: Connection) -> int:
            ours = (table.c.study == study) & (table.c.moment == values["moment"])
            if connection.execute(select(table.c.id).where(ours)).first() is None:
                connection.execute(insert(table).values(**values))
            count = select(func.count()).select_from(table).where(table.c.data_fingerprint == data_fingerprint)
            return int(connection.execute(count).scalar_one())

        return self._transactions.write(study, note)

    def hold_model(self, model: str, wait_seconds: float = WAIT_SECONDS) -> AbstractContextManager[None]:
        """Hold a model's lock for the length of a `with` block, so that one process at a time moves its alias.

        Raises:
            JobError: another process holds the lock for all of `wait_seconds`.
        """
        return hold_model(self._transactions, model, wait_seconds)

    def close(self) -> None:
        """Close the database."""
        self._transactions.close()


def _at(study: str, number: int) -> ColumnElement[bool]:
    return (trials.c.study == study) & (trials.c.number == number)


def _changed(study: str, **values: Any) -> Update:
    return update(studies).where(studies.c.name == study).values(**values)


def _now() -> datetime:
    return datetime.now(UTC)

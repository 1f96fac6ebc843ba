"""The ledger: what was asked for and what came out. A row is committed before it counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from foldwise.errors import JobError
from foldwise.results import FoldScore, State, TrialResult
from foldwise.space import Params
from foldwise.tracking.ledger_file import connect, first_line
from foldwise.tracking.ledger_tables import folds, holdout_reads, studies, trials

RUNNING = "RUNNING"


@dataclass(frozen=True)
class StudyRecord:
    """A study as it was created. summary is None until it finished; run_id is its run in the tracker, where there is one."""

    name: str
    recipe: Mapping[str, Any]
    data_fingerprint: str
    holdout: Mapping[str, Any]
    versions: Mapping[str, str]
    created: datetime
    finished: datetime | None = None
    summary: Mapping[str, Any] | None = None
    run_id: str | None = None


@dataclass(frozen=True)
class TrialRow:
    """A trial as it stands: result is None while it runs; shipped is its run in the tracker, where it has arrived there.

    dropped: whether it counts no more, because the study was extended and the trial is no point of its new space.
    """

    study: str
    number: int
    attempt: int
    params: Params
    started: datetime
    ended: datetime | None = None
    result: TrialResult | None = None
    shipped: str | None = None
    dropped: bool = False


def open_ledger(url: str) -> Ledger:
    """The ledger at a database address; its tables are made where they are missing.

    Raises:
        ConfigError: the address is wrong, cannot be reached, or holds something else or a newer ledger.
    """
    return Ledger(connect(url))


class Ledger:
    """Each method is one transaction, and it is committed when the method returns.

    Raises (all methods):
        JobError: the database does not answer, or what is asked contradicts what stands in it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def create_study(
        self,
        name: str,
        recipe: Mapping[str, Any],
        data_fingerprint: str,
        holdout: Mapping[str, Any],
        versions: Mapping[str, str],
    ) -> StudyRecord:
        """Writes a new study, all of it or nothing."""
        record = StudyRecord(name, recipe, data_fingerprint, holdout, versions, _now())
        values = {key: value for key, value in vars(record).items() if value is not None}
        with self._transaction(f"study {name} exists already") as connection:
            connection.execute(insert(studies).values(**values))
        return record

    def study(self, name: str) -> StudyRecord | None:
        """The study of that name, None where there is none."""
        with self._transaction() as connection:
            row = connection.execute(select(studies).where(studies.c.name == name)).one_or_none()
        return None if row is None else StudyRecord(**row._mapping)

    def names(self) -> list[str]:
        """The names of all studies, the latest first."""
        with self._transaction() as connection:
            return list(connection.execute(select(studies.c.name).order_by(studies.c.created.desc())).scalars())

    def begin_trial(self, study: str, number: int, params: Params) -> int:
        """Claims a trial and keeps its parameters; the attempt is counted on where an earlier start left it running."""
        here = (trials.c.study == study) & (trials.c.number == number)
        with self._transaction(f"study {study} is unknown") as connection:
            old = connection.execute(select(trials.c.attempt, trials.c.state).where(here)).one_or_none()
            values = {"state": RUNNING, "params": params, "started": _now()}
            if old is None:
                connection.execute(insert(trials).values(study=study, number=number, attempt=1, **values))
                return 1
            if old.state != RUNNING:
                raise JobError(f"trial {number} of study {study} is {old.state} already")
            attempt = int(old.attempt) + 1
            connection.execute(update(trials).where(here).values(attempt=attempt, **values))
            return attempt

    def finish_trial(self, study: str, result: TrialResult) -> TrialRow:
        """Writes a running trial's result with all its folds, and gives its row back."""
        here = (trials.c.study == study) & (trials.c.number == result.number)
        values = {key: value for key, value in vars(result).items() if key not in ("number", "folds")}
        values |= {"metrics": dict(result.metrics), "costs": dict(result.costs)}
        with self._transaction() as connection:
            running = here & (trials.c.state == RUNNING)
            changed = connection.execute(update(trials).where(running).values(ended=_now(), **values))
            if changed.rowcount != 1:
                raise JobError(f"trial {result.number} of study {study} does not run, so it cannot be finished")
            if result.folds:
                rows = [{**fold.to_json(), "study": study, "number": result.number} for fold in result.folds]
                connection.execute(insert(folds), rows)
            row = connection.execute(select(trials).where(here)).one()
        return _trial(row, result.folds)

    def trials(self, study: str) -> list[TrialRow]:
        """All trials of a study by number, those that run included."""
        with self._transaction() as connection:
            rows = connection.execute(select(trials).where(trials.c.study == study).order_by(trials.c.number)).all()
            query = select(folds).where(folds.c.study == study).order_by(folds.c.number, folds.c.fold)
            scores: dict[int, list[FoldScore]] = {}
            for row in connection.execute(query):
                fields = {key: value for key, value in row._mapping.items() if key not in ("study", "number")}
                scores.setdefault(row.number, []).append(FoldScore.from_json(fields))
        return [_trial(row, scores.get(row.number, ())) for row in rows]

    def mark_shipped(self, study: str, number: int | None, run_id: str) -> None:
        """Notes the tracker's run of a trial, or of the study itself where number is None."""
        with self._transaction() as connection:
            if number is None:
                connection.execute(update(studies).where(studies.c.name == study).values(run_id=run_id))
            else:
                here = (trials.c.study == study) & (trials.c.number == number)
                connection.execute(update(trials).where(here).values(shipped=run_id))

    def finish_study(self, study: str, summary: Mapping[str, Any]) -> None:
        """Keeps a study's summary; a study that was extended is finished again."""
        with self._transaction() as connection:
            values = {"finished": _now(), "summary": summary}
            if connection.execute(update(studies).where(studies.c.name == study).values(**values)).rowcount != 1:
                raise JobError(f"study {study} is unknown")

    def extend_study(self, study: str, recipe: Mapping[str, Any], kept: Mapping[int, Params]) -> StudyRecord:
        """Gives a study another recipe. Of its trials those that are kept get new parameters; the others count no more."""
        own = trials.c.study == study
        with self._transaction() as connection:
            values = {"recipe": recipe, "finished": None, "summary": None}
            connection.execute(update(studies).where(studies.c.name == study).values(**values))
            connection.execute(delete(trials).where(own & (trials.c.state == RUNNING) & trials.c.number.not_in(kept)))
            connection.execute(update(trials).where(own).values(dropped=True))
            for number, params in kept.items():
                here = own & (trials.c.number == number)
                connection.execute(update(trials).where(here).values(params=params, dropped=False))
            row = connection.execute(select(studies).where(studies.c.name == study)).one()
        return StudyRecord(**row._mapping)

    def record_holdout_read(self, data_fingerprint: str, study: str, rows: int) -> int:
        """Notes that a study looked at the holdout of these data; how often that has happened, this time included."""
        table = holdout_reads
        with self._transaction() as connection:
            values = {"data_fingerprint": data_fingerprint, "study": study, "moment": _now(), "rows": rows}
            connection.execute(insert(table).values(**values))
            count = select(func.count()).select_from(table).where(table.c.data_fingerprint == data_fingerprint)
            return int(connection.execute(count).scalar_one())

    def close(self) -> None:
        """Lets go of the database."""
        self._engine.dispose()

    @contextmanager
    def _transaction(self, contradiction: str = "") -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except IntegrityError as fault:
            raise JobError(contradiction or f"the ledger refuses a row: {first_line(fault)}") from None
        except SQLAlchemyError as fault:
            where = self._engine.url.render_as_string(hide_password=True)
            raise JobError(f"the ledger {where} failed: {first_line(fault)}") from None


def _trial(row: Row[Any], scores: Sequence[FoldScore]) -> TrialRow:
    result = None
    if row.state != RUNNING:
        state = cast(State, row.state)
        outcome = (row.mean, row.sd, row.metrics, row.reason, row.engine, row.seconds, row.costs or {}, row.reused)
        result = TrialResult(row.number, row.params, state, tuple(scores), *outcome)
    return TrialRow(row.study, row.number, row.attempt, row.params, row.started, row.ended, result, row.shipped, row.dropped)


def _now() -> datetime:
    return datetime.now(UTC)

"""The ledger's tables, with column types that behave the same on SQLite and PostgreSQL."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from sqlalchemy import (
    Boolean,
    Column,
    Dialect,
    Float,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    false,
)
from sqlalchemy.types import TypeDecorator

from foldwise.system.files import json_text, plain_value
from foldwise.trial.curves import WrittenCurves
from foldwise.trial.provenance import Provenance
from foldwise.trial.summary import StudySummary

SCHEMA_VERSION = 6


class Json(TypeDecorator[Any]):
    """Plain values as JSON text, with Python's NaN and Infinity, which databases' own JSON types reject."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """To text."""
        return None if value is None else json.dumps(value, default=plain_value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """From text."""
        return None if value is None else json.loads(value)


class Stored(Protocol):
    """A value of ours that writes itself as plain values and reads itself from them."""

    def to_json(self) -> dict[str, Any]: ...  # noqa: D102 the name says it
    @staticmethod
    def from_json(row: Mapping[str, Any]) -> Any: ...  # noqa: D102


class JsonOf(Json):
    """A value of one kind as JSON text."""

    cache_ok = True

    def __init__(self, kind: type[Stored]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """To text."""
        return super().process_bind_param(None if value is None else value.to_json(), dialect)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """From text."""
        return None if value is None else self.kind.from_json(json.loads(value))


class CurvesJson(Json):
    """Curves, parsed when they are first used."""

    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """To text."""
        return None if value is None else json_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """The text, behind a mapping."""
        return None if value is None else WrittenCurves(value)


class Number(TypeDecorator[float]):
    """A float. nan is stored as NULL, because SQLite has no nan."""

    impl = Float(53)
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> float | None:
        """None for nan."""
        return None if value is None or math.isnan(value) else float(value)

    def process_result_value(self, value: float | None, dialect: Dialect) -> float:
        """The inverse: nan for NULL."""
        return math.nan if value is None else value


class Moment(TypeDecorator[datetime]):
    """A moment as ISO text in UTC: the same on every database, and readable."""

    impl = String(40)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        """To text."""
        return None if value is None else value.astimezone(UTC).isoformat()

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        """From text."""
        return None if value is None else datetime.fromisoformat(value)


metadata = MetaData()

schema = Table("foldwise_schema", metadata, Column("version", Integer, primary_key=True, autoincrement=False))

studies = Table(
    "studies",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("recipe", Json, nullable=False),
    Column("data_fingerprint", String(64), nullable=False),
    Column("holdout", Json, nullable=False),
    Column("versions", Json, nullable=False),
    Column("created", Moment, nullable=False),
    Column("finished", Moment),
    Column("summary", JsonOf(StudySummary)),
    Column("run_id", String(64)),
    Column("epoch", Integer, nullable=False, server_default="0"),  # raised by each new coordinator
    Column("holder", Json),  # the coordinator: {id, pid, since}
    Column("asked", Integer),  # trials in total, as last requested
    Column("origin", JsonOf(Provenance), key="provenance"),  # its origin and its goal
    Column("shown", Moment),  # `finished` of the summary that the tracker shows
)

trials = Table(
    "trials",
    metadata,
    Column("study", String(100), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("attempt", Integer, nullable=False),
    Column("crashes", Integer, nullable=False, server_default="0"),  # how often its process died while it ran
    Column("state", String(10), nullable=False),
    Column("params", Json, nullable=False),
    Column("mean", Number),
    Column("sd", Number),
    Column("metrics", Json),
    Column("costs", Json),
    Column("reused", Integer),
    Column("lost_at", Text),
    Column("dropped", Boolean, nullable=False, default=False, server_default=false()),
    Column("reason", Text),
    Column("engine", String(100)),
    Column("seconds", Number),
    Column("started", Moment, nullable=False),
    Column("ended", Moment),
    Column("shipped", String(64)),
    ForeignKeyConstraint(["study"], ["studies.name"]),
)

folds = Table(
    "folds",
    metadata,
    Column("study", String(100), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("fold", Integer, primary_key=True, autoincrement=False),
    Column("score", Number),
    Column("metrics", Json, nullable=False),
    Column("curves", CurvesJson, nullable=False),
    Column("best_epoch", Integer, nullable=False),
    Column("seconds", Number),
    Column("rungs", Json),
    ForeignKeyConstraint(["study", "number"], ["trials.study", "trials.number"]),
)

holdout_reads = Table(
    "holdout_reads",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("data_fingerprint", String(64), nullable=False, index=True),
    Column("study", String(100), nullable=False),
    Column("moment", Moment, nullable=False),
    Column("rows", Integer, nullable=False),
)

# The origin of a registered version. Models are identified by `Registry.identity`, here and below.
versions = Table(
    "versions",
    metadata,
    Column("model", String(200), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("study", String(100), nullable=False),
    Column("data_fingerprint", String(64), nullable=False),
    Column("source", Text),  # the mark of the source of its rows, if there is one
    Column("files", Json, nullable=False),  # SHA-256 of each file of its bundle
    Column("columns", Json),  # those that identify a row
    Column("trained", LargeBinary),  # sorted keys of the rows it was trained on, eight bytes each
    Column("made", Moment, nullable=False),
)

# The champions of a model over time: the row with the highest number is the current one.
promotions = Table(
    "promotions",
    metadata,
    Column("model", String(200), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    Column("replaces", Integer),  # the previous champion
    Column("kind", String(20), nullable=False),  # first, promoted, rollback, chosen, adopted
    Column("who", Json, nullable=False),
    Column("moment", Moment, nullable=False),
    Column("why", Text, nullable=False),
    Column("scores", Json),
    Column("shown", Boolean, nullable=False, default=False, server_default=false()),  # has the registry's alias followed
)

# A retraining of a model: its data and its outcome.
retrainings = Table(
    "retrainings",
    metadata,
    Column("model", String(200), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("champion", Integer, nullable=False),
    Column("data_fingerprint", String(64), nullable=False),
    Column("source", Text),
    Column("began", Moment, nullable=False),
    Column("ended", Moment),
    Column("outcome", String(20)),  # PROMOTED, KEPT, REFUSED; a retraining without new rows leaves no row
    Column("summary", Json),
)

# A look of a retraining at the rows that arrived since the one before it; the last one of a model has its current evidence.
looks = Table(
    "looks",
    metadata,
    Column("model", String(200), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("reign", Integer, nullable=False),  # the number of the promotion that made the champion
    Column("challenger", Integer),  # the version that answered
    Column("kind", String(20), nullable=False),  # evidence, test
    Column("data_fingerprint", String(64), nullable=False),
    Column("columns", Json, nullable=False),  # those that identify a row
    Column("seen", LargeBinary, nullable=False),  # sorted keys of the rows that no earlier look has seen, eight bytes each
    Column("rows", Integer, nullable=False),  # that counted
    Column("loss", Json),
    Column("evidence", Json),
    Column("scores", Json),
    Column("moment", Moment, nullable=False),
    Column("trained", Integer),  # the challenger that was trained afterwards
)

# A study as it runs: its coordinator overwrites the row about every second. A page that shows it may set stop_requested.
live = Table(
    "live",
    metadata,
    Column("study", String(100), primary_key=True),
    Column("state", String(10), nullable=False),  # running, finished, stopped, failed; a killed process leaves `running`
    Column("stage", String(20), nullable=False),
    Column("trial", Integer),
    Column("curves", Json),  # of the running trial, see study/live_curves.py
    Column("load", Number),
    Column("cores", Integer),
    Column("memory", Number),  # of the process, MB
    Column("free", Number),  # memory of the machine, MB
    Column("seconds_left", Number),
    Column("log", Json, nullable=False),  # the last lines
    Column("pid", Integer, nullable=False),
    Column("host", String(255), nullable=False),
    Column("since", Moment, nullable=False),  # this start of the study
    Column("written", Moment, nullable=False),
    Column("stop_requested", Moment),
    ForeignKeyConstraint(["study"], ["studies.name"]),
)

# A moment at which a job was due; the primary key lets one process claim it.
job_runs = Table(
    "slots",
    metadata,
    Column("job", String(100), primary_key=True),
    Column("slot", Moment, primary_key=True),
    Column("state", String(20), nullable=False),  # CLAIMED, RUNNING, DONE, FAILED, MISSED; SEEN: not a slot, see JobRun
    Column("attempt", Integer, nullable=False, default=0, server_default="0"),
    Column("holder", Json),  # the process that claimed or runs it: {id, pid, since}
    Column("claimed", Moment, nullable=False),
    Column("started", Moment),
    Column("ended", Moment),
    Column("exit_code", Integer),
    Column("reason", Text),
    Column("log", Text),  # the file with its output
)

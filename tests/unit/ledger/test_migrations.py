"""An older ledger is copied and migrated; the SQL below is that of the older version."""

import json
import math
import sqlite3
from contextlib import closing

import pytest

from foldwise.errors import ConfigError
from foldwise.ledger.ledger import open_ledger
from foldwise.ledger.migrations import STEPS
from foldwise.ledger.tables import SCHEMA_VERSION, metadata
from tests.contract.ledgers import OLDEST_SUMMARY

VERSION_1 = """
CREATE TABLE foldwise_schema (version INTEGER NOT NULL, PRIMARY KEY (version));
CREATE TABLE studies (
  name VARCHAR(100) NOT NULL, recipe TEXT NOT NULL, data_fingerprint VARCHAR(64) NOT NULL, holdout TEXT NOT NULL,
  versions TEXT NOT NULL, created VARCHAR(40) NOT NULL, finished VARCHAR(40), summary TEXT, run_id VARCHAR(64),
  PRIMARY KEY (name));
CREATE TABLE holdout_reads (
  id INTEGER NOT NULL, data_fingerprint VARCHAR(64) NOT NULL, study VARCHAR(100) NOT NULL, moment VARCHAR(40) NOT NULL,
  rows INTEGER NOT NULL, PRIMARY KEY (id));
CREATE INDEX ix_holdout_reads_data_fingerprint ON holdout_reads (data_fingerprint);
CREATE TABLE trials (
  study VARCHAR(100) NOT NULL, number INTEGER NOT NULL, attempt INTEGER NOT NULL, state VARCHAR(10) NOT NULL,
  params TEXT NOT NULL, mean FLOAT, sd FLOAT, metrics TEXT, reason TEXT, engine VARCHAR(100), seconds FLOAT,
  started VARCHAR(40) NOT NULL, ended VARCHAR(40), shipped VARCHAR(64),
  PRIMARY KEY (study, number), FOREIGN KEY(study) REFERENCES studies (name));
CREATE TABLE folds (
  study VARCHAR(100) NOT NULL, number INTEGER NOT NULL, fold INTEGER NOT NULL, score FLOAT, metrics TEXT NOT NULL,
  curves TEXT NOT NULL, best_epoch INTEGER NOT NULL, seconds FLOAT,
  PRIMARY KEY (study, number, fold), FOREIGN KEY(study, number) REFERENCES trials (study, number));
INSERT INTO foldwise_schema VALUES (1);
INSERT INTO studies VALUES ('old', '{"data": {"name": "iris"}}', 'f', '{}', '{}',
  '2026-01-02T03:04:05+00:00', NULL, NULL, NULL);
INSERT INTO trials VALUES ('old', 0, 1, 'COMPLETE', '{"x": 1}', 0.5, NULL, '{"accuracy": 0.5}', NULL, 'keras', 1.5,
  '2026-01-02T03:04:05+00:00', '2026-01-02T03:04:06+00:00', NULL);
INSERT INTO trials VALUES ('old', 1, 2, 'RUNNING', '{"x": 2}', NULL, NULL, NULL, NULL, NULL, NULL,
  '2026-01-02T03:04:07+00:00', NULL, NULL);
INSERT INTO folds VALUES ('old', 0, 0, 0.5, '{"accuracy": 0.5}', '{"loss": [0.25, NaN]}', 2, 0.5);
"""
FINISHED = f"UPDATE studies SET finished = created, summary = '{json.dumps(OLDEST_SUMMARY)}'"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def old(request, tmp_path):
    """A ledger of version 1: its address, and a function from SQL to rows."""
    if request.param == "sqlite":
        path = tmp_path / "ledger.db"
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(VERSION_1)

        def ask(query, of=path):
            with closing(sqlite3.connect(of)) as connection:
                return connection.execute(query).fetchall()

        return f"sqlite:///{path}", ask
    import psycopg

    address = request.getfixturevalue("database")()
    with psycopg.connect(address) as connection:
        connection.execute(VERSION_1)

    def ask(query):
        with psycopg.connect(address) as connection:
            return connection.execute(query).fetchall()

    return address, ask


def test_an_older_ledger_is_read_and_continued(old):
    url, ask = old
    notes = []
    with closing(open_ledger(url, notes.append)) as ledger:
        first, second = ledger.trials("old")
        assert (first.result.mean, first.result.costs, first.result.reused, first.dropped) == (0.5, {}, None, False)
        assert math.isnan(first.result.folds[0].curves["loss"][1])
        assert (second.result, second.attempt) == (None, 2)
        ledger.lead("old")
        assert ledger.begin_trial("old", 1, {"x": 2}) == 3
        assert ledger.begin_trial("old", 2, {"x": 3}) == 1
    assert ask("SELECT version FROM foldwise_schema") == [(SCHEMA_VERSION,)]
    assert len(notes) == 1
    assert notes[0].startswith(f"the ledger was migrated from schema 1 to schema {SCHEMA_VERSION}; ")
    with closing(open_ledger(url, notes.append)):
        assert len(notes) == 1  # migrated once


def test_studies_that_an_older_tracker_showed_are_not_shown_again(old):
    url, _ = old
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            connection.execute(FINISHED)
            connection.execute("UPDATE trials SET shipped = 'abc'")
            connection.commit()
    else:
        import psycopg

        with psycopg.connect(url) as connection:
            connection.execute(FINISHED)
            connection.execute("UPDATE trials SET shipped = 'abc'")
    with closing(open_ledger(url)) as ledger:
        record = ledger.study("old")
        assert record.shown == record.finished is not None
        assert ledger.waiting() == []


def test_a_migrated_ledger_has_every_column(old):
    url, ask = old
    open_ledger(url).close()
    for name, table in metadata.tables.items():
        names = ", ".join(column.name for column in table.columns)
        ask(f"SELECT {names} FROM {name}")


def test_the_copy_is_the_old_ledger(old, tmp_path):
    url, ask = old
    open_ledger(url).close()
    if url.startswith("sqlite"):
        (copy,) = tmp_path.glob("ledger.v1.*.db")
        assert ask("SELECT version FROM foldwise_schema", copy) == [(1,)]
        assert ask("SELECT number, attempt FROM trials ORDER BY number", copy) == [(0, 1), (1, 2)]
        assert "epoch" not in ask("SELECT sql FROM sqlite_master WHERE name = 'studies'", copy)[0][0]
    else:
        assert ask("SELECT number, attempt FROM trials_v1 ORDER BY number") == [(0, 1), (1, 2)]
        assert ask("SELECT version FROM foldwise_schema_v1") == [(1,)]


def test_a_failed_step_leaves_the_ledger_unchanged(old):
    url, ask = old
    first = STEPS[2][-1]
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            connection.execute(f"ALTER TABLE {first.table.name} ADD COLUMN {first.name} INTEGER")
            connection.commit()
    else:
        import psycopg

        with psycopg.connect(url) as connection:
            connection.execute(f"ALTER TABLE {first.table.name} ADD COLUMN {first.name} INTEGER")
    with pytest.raises(ConfigError, match="cannot be opened as a ledger"):
        open_ledger(url)
    assert ask("SELECT version FROM foldwise_schema") == [(1,)]
    with pytest.raises(Exception, match="epoch"):
        ask("SELECT epoch FROM studies")

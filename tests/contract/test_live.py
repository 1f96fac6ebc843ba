"""The contract of live rows, and of reading a ledger for pages, on every database."""

from __future__ import annotations

import math
import os
import platform
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from foldwise.errors import JobError, Overtaken
from foldwise.home.links import MlflowPages
from foldwise.home.studies import Studies
from foldwise.ledger.ledger import open_ledger
from foldwise.ledger.live import LiveRow
from foldwise.ledger.viewer import Viewer
from tests.contract.ledgers import failed, finish, new_study, result, summary

SINCE = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)


def live_row(study="iris-1", **changes):
    values = {
        "state": "running",
        "stage": "search",
        "trial": 3,
        "curves": {"trial": 3, "names": ["loss"], "folds": [{"fold": 0, "epochs": 2, "step": 1, "loss": [0.5, None]}]},
        "load": 0.5,
        "cores": 2,
        "memory": 512.0,
        "free": 1024.0,
        "seconds_left": math.nan,
        "log": ("one", "two <script>"),
        "pid": 123,
        "host": "here",
        "since": SINCE,
        "written": SINCE + timedelta(seconds=5),
    }
    return LiveRow(study=study, **{**values, **changes})


@pytest.fixture
def ledger(url):
    opened = open_ledger(url)
    yield opened
    opened.close()


@pytest.fixture
def viewer(url, ledger):
    with closing(Viewer(url)) as opened:
        yield opened


class TestLiveRows:
    def test_a_row_comes_back_as_it_was_written_last(self, ledger, viewer):
        new_study(ledger)
        assert viewer.live("iris-1") == {}
        ledger.live.write(live_row())
        last = live_row(trial=4, curves=None, written=SINCE + timedelta(seconds=6))
        ledger.live.write(last)
        assert repr(viewer.live("iris-1")) == repr({"iris-1": replace(last, log=["one", "two <script>"])})  # nan
        ledger.live.write(live_row())
        assert viewer.live()["iris-1"].curves is None  # that of all studies is short
        assert viewer.live()["iris-1"].trial == 3
        assert viewer.live("ghost") == {}

    def test_a_request_to_stop_reaches_the_coordinator_and_survives_its_rows(self, ledger, viewer):
        new_study(ledger)
        assert not ledger.live.request_stop("iris-1")  # it does not run
        assert not ledger.live.write(live_row())
        assert ledger.live.request_stop("iris-1")
        assert ledger.live.write(live_row(trial=4))
        assert ledger.live.write(live_row(trial=5))
        assert viewer.live("iris-1")["iris-1"].stop_requested is not None

    def test_it_ends_one_start_and_not_the_next(self, ledger, viewer):
        new_study(ledger)
        ledger.live.write(live_row())
        ledger.live.request_stop("iris-1")
        ledger.live.write(live_row(state="stopped"))
        assert not ledger.live.request_stop("iris-1")
        assert not ledger.live.write(live_row(since=SINCE + timedelta(hours=1)))
        assert viewer.live("iris-1")["iris-1"].stop_requested is None

    def test_only_the_coordinator_writes(self, url, ledger, viewer):
        new_study(ledger)
        ledger.live.write(live_row())
        if url.startswith("postgresql"):
            ledger._transactions.release("iris-1")  # as when its connection was lost
        with closing(open_ledger(url)) as other:
            with pytest.raises(Overtaken):
                other.live.write(live_row(trial=8))
            other.lead("iris-1")
            other.live.write(live_row(trial=9))
            with pytest.raises(Overtaken):
                ledger.live.write(live_row(trial=10))
        assert viewer.live("iris-1")["iris-1"].trial == 9

    def test_a_study_is_removed_with_its_row(self, ledger, viewer):
        new_study(ledger)
        ledger.live.write(live_row())
        ledger.remove_study("iris-1")
        assert viewer.live() == {}
        with pytest.raises(Overtaken):
            ledger.live.write(live_row())


class TestViews:
    def test_studies_with_their_counts(self, ledger, viewer):
        assert (viewer.heads(), viewer.counts(), viewer.head("iris-1")) == ([], {}, None)
        record = new_study(ledger)
        new_study(ledger, "other")
        finish(ledger, "iris-1", result(0, mean=0.8))
        finish(ledger, "iris-1", result(1, mean=0.9))
        finish(ledger, "iris-1", failed(2))
        ledger.begin_trial("iris-1", 3, {})
        assert [head.name for head in viewer.heads()] == ["other", "iris-1"]
        assert viewer.head("iris-1").epoch == 1
        counts = viewer.counts()
        assert counts["iris-1"].states == {"COMPLETE": 2, "FAILED": 1, "RUNNING": 1}
        assert (counts["iris-1"].least, counts["iris-1"].most) == (0.8, 0.9)
        assert "other" not in counts
        assert viewer.record("iris-1") == record
        ledger.finish_study("iris-1", summary())
        assert viewer.record("iris-1").summary == summary()
        assert viewer.head("iris-1").finished is not None

    def test_trials_that_ended_since_a_moment_and_running_ones(self, ledger, viewer):
        new_study(ledger)
        first = finish(ledger, "iris-1", result(0))
        second = finish(ledger, "iris-1", failed(1))
        ledger.begin_trial("iris-1", 2, {"x": 1})
        assert [(trial.number, trial.state) for trial in viewer.trials("iris-1")] == [
            (0, "COMPLETE"),
            (1, "FAILED"),
            (2, "RUNNING"),
        ]
        assert [trial.number for trial in viewer.trials("iris-1", second.ended)] == [1, 2]
        assert viewer.trials("iris-1", first.ended)[0].number == 0
        assert math.isnan(viewer.trials("iris-1")[1].mean)

    def test_models_and_jobs(self, ledger, viewer):
        assert (viewer.champions(), viewer.newest_versions(), viewer.last_retrainings(), viewer.last_looks()) == (
            {},
            {},
            {},
            {},
        )
        ledger.promotions.promote("iris#1", 1, None, "first", "the first")
        ledger.promotions.promote("iris#1", 3, 1, "promoted", "better")
        assert viewer.champions()["iris#1"].version == 3
        assert viewer.last_runs() == {}
        for hour in (1, 2):
            ledger.job_runs.claim("weekly", datetime(2026, 5, 4, hour, tzinfo=UTC))
        ledger.job_runs.see("weekly", datetime(2026, 5, 4, 3, 0, 1, tzinfo=UTC), "0 1 * * *")
        assert viewer.last_runs()["weekly"].slot.hour == 2

    def test_it_waits_for_no_writer(self, ledger, viewer):
        new_study(ledger)
        with ledger._transactions.engine.begin() as connection:  # holds SQLite's lock of writers
            connection.exec_driver_sql("UPDATE studies SET asked = 7")
            assert viewer.head("iris-1").asked is None
        assert viewer.head("iris-1").asked == 7

    def test_it_cannot_write(self, ledger, viewer):
        new_study(ledger)
        with pytest.raises(JobError, match=r"does not answer: .*read-?only"):
            viewer._do(lambda connection: connection.exec_driver_sql("UPDATE studies SET asked = 7"))

    def test_a_database_that_is_gone_is_one_sentence(self, tmp_path):
        viewer = Viewer(f"sqlite:///{tmp_path / 'gone.db'}")
        with pytest.raises(JobError, match=r"the ledger sqlite:///.*gone\.db does not answer: unable to open"):
            viewer.heads()
        assert not (tmp_path / "gone.db").exists()


class TestPages:
    def test_the_home_shows_a_study_of_this_database_while_it_runs_and_when_it_ended(self, ledger, viewer, tmp_path):
        studies = Studies(viewer, tmp_path, MlflowPages("http://mlflow", "view"), ("ledger.url=here",))
        assert (studies.lines(), studies.change("iris-1", 0)) == ([], None)
        new_study(ledger)
        finish(ledger, "iris-1", result(0))
        now = datetime.now(UTC)
        ledger.live.write(live_row(pid=os.getpid(), host=platform.node(), since=now, written=now))
        (line,) = studies.lines()
        assert (line["state"], line["trials"], line["best"], line["verdict"]) == ("running", 1, 0.91, None)
        first = studies.change("iris-1", 0)
        assert first["study"]["command"].endswith("tune study=iris-1 ledger.url=here")
        assert (first["study"]["state"], first["live"]["trial"], len(first["rows"])) == ("running", 3, 1)
        finish(ledger, "iris-1", failed(1))
        ledger.finish_study("iris-1", summary())
        ledger.live.write(live_row(state="finished", pid=os.getpid(), host=platform.node(), since=now, written=now))
        second = studies.change("iris-1", first["version"])
        assert (second["study"]["state"], second["whole"], [row[:2] for row in second["rows"]]) == (
            "finished",
            False,
            [[1, "FAILED"]],
        )
        assert second["study"]["verdict"] == studies.lines()[0]["verdict"] == "the baseline is as good"
        assert second["live"]["curves"] is None
        machine = [[change["live"][key] for key in ("load", "memory")] for change in (first, second)]
        assert machine == [[0.5, 512.0], [None, None]]  # what a process took that has ended is no news
        assert studies.change("iris-1", second["version"])["rows"] == []

"""The home as a browser sees it: a server on a port."""

import http.client
import json
import os
import platform
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from foldwise.ledger.job_runs import FAILED
from tests.contract.ledgers import finish, new_study, result, summary
from tests.contract.test_live import live_row
from tests.unit.home.conftest import ODD


def running(**changes):
    now = datetime.now(UTC)
    return live_row(pid=os.getpid(), host=platform.node(), since=now, written=now, **changes)


def test_an_empty_ledger_has_empty_lists(served, tmp_path):
    assert served.data("/data") == {"studies": [], "models": [], "jobs": [], "mlflow": "http://mlflow", "runs": str(tmp_path)}
    assert "<h2>Studies" in served.ask("/").text


def test_studies_have_their_state_and_scores(served, ledger):
    new_study(ledger)
    finish(ledger, "iris-1", result(0))
    ledger.finish_study("iris-1", summary())
    new_study(ledger, "second")
    finish(ledger, "second", result(0, mean=0.7))
    ledger.live.write(running(study="second", seconds_left=40.0))
    second, first = served.data("/data")["studies"]
    assert (first["name"], first["state"], first["best"], first["holdout"]) == ("iris-1", "finished", 0.91, 0.8)
    assert first["mlflow"]["run"].startswith("http://mlflow/#/experiments/iris-1/runs/iris-1")
    assert (second["state"], second["best"], second["seconds_left"], second["verdict"]) == ("running", 0.7, 40.0, None)


def test_models_and_jobs(served, ledger, tmp_path):
    ledger.promotions.promote("iris#1", 1, None, "first", "the first")
    (tmp_path / "job_files" / "weekly.yaml").write_text("cron: '0 3 * * 1'\nmodel: iris\n")
    (tmp_path / "job_files" / "odd.yaml").write_text("cron: never\n")
    slot = datetime(2026, 5, 4, 3, 0, tzinfo=UTC)
    ledger.job_runs.claim("weekly", slot)
    ledger.job_runs.take("weekly", slot, 0, "log")
    ledger.job_runs.finish("weekly", slot, 1, FAILED, 1, "no rows")
    found = served.data("/data")
    assert [(model["name"], model["champion"], model["kind"]) for model in found["models"]] == [("iris", 1, "first")]
    odd, weekly = found["jobs"]
    assert "odd.yaml: cron: 'never' must have five fields" in odd["broken"]
    assert (weekly["door"], weekly["state"], weekly["reason"], weekly["last"]) == (
        "retrain model=iris",
        "FAILED",
        "no rows",
        slot.isoformat(),
    )
    assert datetime.fromisoformat(weekly["next"]) > datetime.now(UTC)


def test_a_page_of_a_study_shows_what_it_is_doing(served, ledger):
    new_study(ledger)
    finish(ledger, "iris-1", result(0))
    ledger.begin_trial("iris-1", 1, {})
    ledger.live.write(running(trial=1))
    found = served.data("/study/iris-1/data")
    assert (found["study"]["state"], found["study"]["metric"], found["running"]) == ("running", "accuracy", [1])
    assert (found["live"]["trial"], found["live"]["curves"]["names"], found["live"]["can_stop"]) == (1, ["loss"], True)
    assert [row[0] for row in found["rows"]] == [0]
    assert "<title>iris-1</title>" in served.ask("/study/iris-1").text
    assert served.ask("/study/ghost").status == served.ask("/study/ghost/data").status == 404


def events(served, path, count, seconds=10):
    """The first data of a stream of events."""
    connection, found = http.client.HTTPConnection(served.place, timeout=seconds), []
    with closing(connection):
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.headers["content-type"].startswith("text/event-stream")
        while len(found) < count:
            line = answer.readline().decode()
            if line.startswith("data: "):
                found.append(json.loads(line[6:]))
                yield found[-1]


def test_trials_come_as_they_end_and_each_once(served, ledger):
    new_study(ledger)
    finish(ledger, "iris-1", result(0))
    ledger.live.write(running())
    stream = events(served, "/study/iris-1/events", 10)
    first = next(stream)
    assert (first["whole"], [row[0] for row in first["rows"]]) == (True, [0])
    finish(ledger, "iris-1", result(1))
    later = next(change for change in stream if change["rows"])
    assert (later["whole"], [row[0] for row in later["rows"]]) == (False, [1])
    stream.close()


def test_a_ledger_that_goes_away_is_a_sentence_and_the_stream_goes_on(served, ledger, tmp_path):
    new_study(ledger)
    stream = events(served, "/study/iris-1/events", 20)
    assert next(stream)["whole"]
    file = tmp_path / "ledger.db"
    ledger.close()
    file.rename(tmp_path / "away.db")
    assert "unable to open" in next(change for change in stream if isinstance(change, str))
    assert served.ask("/data").status == 503
    (tmp_path / "away.db").rename(file)
    assert next(change for change in stream if not isinstance(change, str))["study"]["name"] == "iris-1"
    stream.close()


class TestStop:
    def stop(self, served, token, **headers):
        return served.ask("/study/iris-1/stop", "POST", X_Foldwise_Token=token, **headers)

    @pytest.fixture(autouse=True)
    def _study(self, ledger):
        new_study(ledger)
        ledger.live.write(running())

    def test_it_needs_the_token(self, served, viewer):
        for token in ("", "wrong", served.token[:-1]):
            assert self.stop(served, token).status == 403
        assert viewer.live("iris-1")["iris-1"].stop_requested is None
        assert self.stop(served, served.token).status == 202
        assert viewer.live("iris-1")["iris-1"].stop_requested is not None
        assert served.data("/study/iris-1/data")["live"]["stop_requested"]

    def test_it_is_no_link_and_comes_from_the_own_page(self, served, viewer):
        assert served.ask("/study/iris-1/stop", X_Foldwise_Token=served.token).status == 405
        assert self.stop(served, served.token, Origin="http://evil.example").status == 403
        assert self.stop(served, served.token, Host="evil.example").status == 421
        assert viewer.live("iris-1")["iris-1"].stop_requested is None
        assert self.stop(served, served.token, Origin=f"http://{served.place}").status == 202

    def test_a_study_that_does_not_run_cannot_stop(self, served, ledger, viewer):
        ledger.live.write(replace(viewer.live("iris-1")["iris-1"], state="finished"))
        assert self.stop(served, served.token).status == 409
        assert served.ask("/study/ghost/stop", "POST", X_Foldwise_Token=served.token).status == 409

    def test_nothing_else_can_be_changed(self, served):
        for path in ("/", "/data", "/study/iris-1", "/study/iris-1/data", "/files/studies/iris-1/compare.html"):
            for method in ("POST", "PUT", "DELETE", "PATCH"):
                assert served.ask(path, method, X_Foldwise_Token=served.token).status == 405


def test_every_answer_has_a_policy_and_files_run_as_pages_from_nowhere(served, tmp_path):
    folder = tmp_path / "studies" / "iris-1"
    folder.mkdir(parents=True)
    (folder / "compare.html").write_text("<script>1</script>")
    own = served.ask("/").headers["content-security-policy"]
    assert "script-src 'self'" in own
    assert "unsafe" not in own
    file = served.ask("/files/studies/iris-1/compare.html")
    assert (file.status, file.text) == (200, "<script>1</script>")
    assert file.headers["content-security-policy"].startswith("sandbox allow-scripts ")
    assert "allow-same-origin" not in file.headers["content-security-policy"]
    for answer in (file, served.ask("/nothing"), served.ask("/", Host="evil.example"), served.ask("/static/home.js")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "content-security-policy" in answer.headers
    for path in ("/files/studies/iris-1/../../ledger.db", "/files/studies/iris-1/%2e%2e/%2e%2e/ledger.db", "/static/../app.py"):
        assert served.ask(path).status == 404


def test_a_name_that_looks_like_markup_stays_text(served, ledger, tmp_path):
    new_study(ledger, ODD)
    finish(ledger, ODD, result(0, params={ODD: ODD}, state="FAILED", reason=ODD))
    ledger.live.write(running(study=ODD, log=(ODD,)))
    ledger.promotions.promote(f"{ODD}#1", 1, None, "first", ODD)
    quoted = "/study/" + ODD.replace("<", "%3C").replace(">", "%3E").replace("/", "%2F")
    for path in ("/data", "/"):
        assert ODD not in served.ask(path).text
    assert served.data("/data")["studies"][0]["name"] == ODD
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as connection:  # a name with / has no page; this one has
        connection.execute("PRAGMA foreign_keys = OFF")
        for table in ("trials", "folds", "live"):
            connection.execute(f"UPDATE {table} SET study = '<script>a'")
        connection.execute("UPDATE studies SET name = '<script>a'")
        connection.commit()
    assert served.ask(quoted).status == 404
    page = served.ask("/study/%3Cscript%3Ea").text
    assert "<title>&lt;script&gt;a</title>" in page
    assert page.count("<script>") == 0
    answer = served.ask("/study/%3Cscript%3Ea/data")
    assert "<" not in answer.text
    assert json.loads(answer.text)["rows"][0][-1] == ODD


def test_ten_thousand_trials_are_read_and_sent_in_time(served, ledger, tmp_path):
    new_study(ledger)
    finish(ledger, "iris-1", result(0, params={"model.units": 3, "rate": 0.125, "kind": "relu"}))
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(trials)") if row[1] != "number"]
        names = ", ".join(columns)
        numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9999) "
        connection.execute(f"{numbers} INSERT INTO trials (number, {names}) SELECT i, {names} FROM trials, n WHERE number = 0")
        connection.commit()
    began = time.monotonic()
    answer = served.ask("/study/iris-1/data")
    first = time.monotonic() - began
    assert len(json.loads(answer.text)["rows"]) == 10_000
    assert len(answer.text) < 2_000_000
    assert first < 5  # a second on an idle machine
    stream = events(served, "/study/iris-1/events", 2)
    assert len(next(stream)["rows"]) == 10_000
    stream.close()

"""The schedule door: jobs as files, one run, the scheduler itself, what was."""

import json
import os
import signal
import subprocess
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from foldwise.ledger.ledger import open_ledger
from foldwise.schedule.lock import job_lock
from tests.end_to_end.doors import ROOT, SMALL, command, run, summary

MINUTE = timedelta(minutes=1)
TINY = [*SMALL, "data=iris", "budget.trials=1", "tracking=in_memory"]


@pytest.fixture
def jobs(tmp_path):
    folder = tmp_path / "jobs"
    folder.mkdir()

    def write(name, overrides=TINY, cron="0 3 * * 1", **keys):
        lines = {"cron": cron, "door": "tune", "overrides": list(overrides), "pause": 0, **keys}
        (folder / f"{name}.yaml").write_text("".join(f"{key}: {json.dumps(value)}\n" for key, value in lines.items()))

    write.folder = folder
    return write


def ask(jobs, *words, runs):
    return run("schedule", f"jobs={jobs.folder}", *words, runs=runs)


def history(jobs, runs):
    done = ask(jobs, "action=history", "format=json", runs=runs)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_list_shows_every_job_and_what_is_wrong_with_the_others(jobs, tmp_path):
    jobs("weekly", time_zone="Asia/Kolkata")
    jobs("off", enabled=False)
    (jobs.folder / "bad.yaml").write_text("cron: 0 0 30 2 *\nmodel: iris\n")
    done = ask(jobs, "action=list", "format=json", runs=tmp_path / "runs")
    assert done.returncode == 2
    assert "bad.yaml: cron: '0 0 30 2 *' never comes" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    off, weekly = json.loads(done.stdout)
    assert off["next"] is None
    assert weekly["next"].endswith("03:00+05:30")
    assert weekly["next_utc"].endswith("21:30+00:00")
    assert datetime.fromisoformat(weekly["next"]) == datetime.fromisoformat(weekly["next_utc"]) > datetime.now(UTC)
    assert not (tmp_path / "runs").exists()
    text = ask(jobs, "action=list", runs=tmp_path / "runs")
    assert "Asia/Kolkata" in text.stdout
    assert history(jobs, tmp_path / "runs") == []
    unknown = ask(jobs, "action=history", "job=nobody", runs=tmp_path / "runs")
    assert (unknown.returncode, "holds no nobody.yaml" in unknown.stderr) == (2, True)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["action=run"], "job: must be given, action=run job=NAME; known: weekly"),
        (["action=run", "job=weakly"], "holds no weakly.yaml, did you mean weekly?"),
        (["action=run", "job=../weekly"], "job: must be 1 to 100 of"),
        (["action=list", "job=weekly"], "job: action=list covers all jobs"),
        (["action=runn"], "action: "),
        (["action=run", "job=weekly", "slot=now"], "slot: must be a moment such as"),
        (["jobs=nowhere"], "is not a folder"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(words, said, jobs, tmp_path):
    jobs("weekly")
    done = ask(jobs, *words, runs=tmp_path / "runs")
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "runs").exists()


@pytest.mark.long
@pytest.mark.slow
def test_a_job_runs_now_and_what_became_of_it_is_kept(jobs, tmp_path):
    runs = tmp_path / "runs"
    jobs("weekly")
    done = ask(jobs, "action=run", "job=weekly", runs=runs)
    assert done.returncode == 0, done.stderr
    assert "is DONE" in done.stdout
    assert summary(runs)["trials"]["complete"] == 1
    (row,) = history(jobs, runs)
    assert (row["job"], row["state"], row["attempts"], row["exit_code"]) == ("weekly", "DONE", 1, 0)
    assert row["seconds"] > 0
    log = (runs / "jobs" / "weekly").iterdir().__next__()
    assert str(log) == row["log"]
    assert "Verdict:" in log.read_text()
    assert "DONE" in ask(jobs, "action=list", runs=runs).stdout


def test_a_job_that_is_asked_something_wrong_fails_with_that_sentence(jobs, tmp_path):
    runs = tmp_path / "runs"
    jobs("weekly", ["data=iris", "fit.epochs=0", "data.note=$(touch x); touch y"])
    done = ask(jobs, "action=run", "job=weekly", runs=runs)
    assert done.returncode == 2
    assert "FAILED: " in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    (row,) = history(jobs, runs)
    assert (row["state"], row["attempts"], row["exit_code"]) == ("FAILED", 1, 2)
    assert row["reason"] in done.stderr
    assert "data.note=$(touch x); touch y" in (runs / "jobs" / "weekly").iterdir().__next__().read_text()


@pytest.mark.long
@pytest.mark.slow
def test_a_job_over_its_time_limit_is_ended(jobs, tmp_path):
    runs = tmp_path / "runs"
    jobs("weekly", [*TINY, "budget.trials=100000", "fit.epochs=50"], time_limit=3)
    done = ask(jobs, "action=run", "job=weekly", runs=runs)
    assert done.returncode == 1
    assert "it was stopped at its time_limit of 3 s" in done.stderr
    (row,) = history(jobs, runs)
    assert (row["state"], row["attempts"]) == ("FAILED", 1)


def test_a_job_that_runs_is_not_started_again(jobs, tmp_path):
    runs = tmp_path / "runs"
    jobs("weekly")
    held = job_lock(runs / "jobs" / "weekly.lock")
    done = ask(jobs, "action=run", "job=weekly", runs=runs)
    held.close()
    assert done.returncode == 1
    assert "job weekly is already running in another process" in done.stderr
    assert history(jobs, runs) == []


@pytest.mark.long
@pytest.mark.slow
def test_two_schedulers_catch_up_once_and_end_when_they_are_asked_to(jobs, tmp_path):
    runs = tmp_path / "runs"
    jobs("minutely", ["data=iris", "fit.epochs=0"], "* * * * *")  # which fails in a second, with exit code 2
    with closing(open_ledger(f"sqlite:///{runs / 'ledger.db'}")) as ledger:  # as a scheduler leaves it that ends
        ledger.job_runs.see("minutely", datetime.now(UTC).replace(second=7, microsecond=0) - 3 * MINUTE, "* * * * * UTC")
    words = command("schedule", f"jobs={jobs.folder}", runs=runs)
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    two = [subprocess.Popen(words, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    try:
        end = time.monotonic() + 120
        while "FAILED" not in (states := [row["state"] for row in history(jobs, runs)]):
            assert time.monotonic() < end, states
            time.sleep(2)
    finally:
        for process in two:
            process.send_signal(signal.SIGTERM)
    said = [process.communicate(timeout=30)[0] for process in two]
    assert [process.returncode for process in two] == [0, 0]
    assert all("jobs of" in text and "minutely" in text and "stopped" in text for text in said)
    rows = [row for row in history(jobs, runs) if row["state"] not in ("CLAIMED", "RUNNING")]
    assert [row["state"] for row in reversed(rows)][:3] == ["MISSED", "MISSED", "FAILED"]
    assert all(row["slot"].endswith(":00+00:00") for row in rows)
    failed = [row for row in rows if row["state"] == "FAILED"]
    assert {(row["attempts"], row["exit_code"], row["reason"]) for row in failed} == {(1, 2, "fit.epochs: must be >= 1, got 0")}

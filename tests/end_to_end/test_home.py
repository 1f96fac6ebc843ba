"""The home in a real browser: a study that runs, is stopped, is killed, and a home that is killed itself."""

from __future__ import annotations

import re
import shutil
import signal
import sqlite3
import subprocess
import time
from contextlib import closing, contextmanager

import pytest

from benchmarks.mlflow_server import free_port
from foldwise.ledger.ledger import open_ledger
from tests.contract.ledgers import finish, new_study, result
from tests.end_to_end.doors import ROOT, command

pytestmark = [pytest.mark.long, pytest.mark.slow]
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
STUDY = ["study=watched", "budget.trials=400", "folds.count=3", "fit.epochs=60", "tracking=in_memory", "training.engine=keras"]
SHOWN_WITHIN = 10  # seconds from a kill to the page


@pytest.fixture(scope="module")
def browser():
    if BROWSER is None:
        pytest.skip("no chromium is installed")
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def page(browser):
    opened, faults = browser.new_page(), []
    opened.set_default_timeout(90_000)
    opened.on("pageerror", lambda fault: faults.append(str(fault)))
    opened.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    yield opened
    opened.close()
    lost = "net::ERR_|403|421"  # a home that was killed, a wrong token
    assert [fault for fault in faults if not re.search(lost, fault)] == []


@contextmanager
def started(door, *words, runs):
    """A door as a process, killed at the end."""
    process = subprocess.Popen(
        command(door, *words, runs=runs), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def home(runs, port):
    """A home: its process, its address, and the token."""
    with started("ui", "mlflow=false", f"home_port={port}", runs=runs) as process:
        said = []
        for line in process.stdout:
            said.append(line)
            if "to stop studies" in line:
                break
        place, _, token = said[-1].split()[-1].partition("/#stop=")
        assert any(line.startswith(f"ready: home at {place}") for line in said), said
        yield process, place, token


def wait_for_ledger(runs, process):
    end = time.monotonic() + 120
    while True:
        if (runs / "ledger.db").exists():
            with closing(sqlite3.connect(runs / "ledger.db")) as connection:
                try:
                    if connection.execute("SELECT count(*) FROM live").fetchone()[0]:
                        return
                except sqlite3.OperationalError:
                    pass  # the tables come
        assert process.poll() is None, process.stdout.read()
        assert time.monotonic() < end
        time.sleep(0.1)


def until(holds, seconds=90):
    """Asks again and again; the pages' policy forbids a browser's own waiting for a condition in their script."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)


def trials_shown(page):
    return int(page.locator("#count").inner_text() or 0)


def test_a_study_is_watched_stopped_killed_and_found_again(page, tmp_path):
    runs, port = tmp_path / "runs", free_port()
    with started("tune", *STUDY, runs=runs) as study:
        wait_for_ledger(runs, study)
        with home(runs, port) as (_, place, token):
            page.goto(place)
            page.locator("#studies .badge.running").wait_for()
            page.get_by_role("link", name="watched").click()
            page.locator(".badge.running").wait_for()
            until(lambda: trials_shown(page) >= 2)
            before = trials_shown(page)
            until(lambda: trials_shown(page) > before)  # without a reload
            page.locator("#running-of", has_text=re.compile(r"epoch \d+")).wait_for()  # curves of the running trial
            assert {"loss", "accuracy"} <= set(page.locator("#curve option").all_inner_texts())
            assert "engine keras" in page.locator("#log").inner_text()
            page.locator("#left", has_text=re.compile(r"\d+ (s|min)")).wait_for()

            page.click("#stop")
            page.fill("#token", "wrong")
            page.click("#ask button")
            page.locator("#fault", has_text="the token is wrong").wait_for()
            assert study.poll() is None
            page.fill("#token", token)
            page.click("#ask button")
            page.locator(".badge.stopped").wait_for()
            said, _ = study.communicate(timeout=60)
    assert study.returncode == 1
    assert "asked to stop on the page of the study" in said
    assert re.search(r"stopped after \d+ of 400 trials; the same command goes on", said)
    with closing(sqlite3.connect(runs / "ledger.db")) as connection:
        assert connection.execute("SELECT count(*) FROM trials WHERE state = 'RUNNING'").fetchone() == (0,)  # it was let end

    with started("tune", *STUDY, runs=runs) as study, home(runs, port) as (server, place, _):
        page.goto(f"{place}/study/watched")
        page.locator(".badge.running").wait_for()
        assert not page.locator("#stop").is_disabled()  # the request was for the start before
        study.send_signal(signal.SIGKILL)
        killed = time.monotonic()
        page.locator(".badge.died").wait_for()
        assert time.monotonic() - killed < SHOWN_WITHIN
        assert "is gone; the same command continues the study" in page.locator("#why").inner_text()
        sharp = "box => box.width === Math.round(box.getBoundingClientRect().width * devicePixelRatio)"
        until(lambda: page.locator("#scores").evaluate(sharp))  # it is drawn anew where the curves were
        shown = trials_shown(page), page.locator("#best").inner_text(), page.locator("#log").inner_text()
        server.send_signal(signal.SIGKILL)
        page.locator("#fault", has_text="the home does not answer").wait_for()
        server.wait()
        with home(runs, port) as (_, again, _):
            assert again == place
            page.locator("#fault").wait_for(state="hidden")
            page.reload()
            page.locator(".badge.died").wait_for()
            until(lambda: trials_shown(page) == shown[0])
            assert (page.locator("#best").inner_text(), page.locator("#log").inner_text()) == shown[1:]


def test_ten_thousand_trials_show_at_once(page, tmp_path):
    runs = tmp_path / "runs"
    with closing(open_ledger(f"sqlite:///{runs / 'ledger.db'}")) as ledger:
        new_study(ledger)
        finish(ledger, "iris-1", result(0, params={"model.units": 3, "rate": 0.125, "kind": "relu"}))
    with closing(sqlite3.connect(runs / "ledger.db")) as connection:
        names = ", ".join(row[1] for row in connection.execute("PRAGMA table_info(trials)") if row[1] != "number")
        numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9999) "
        connection.execute("UPDATE trials SET shipped = 'abc'")  # else the door sends them to MLflow first
        connection.execute(f"{numbers} INSERT INTO trials (number, {names}) SELECT i, {names} FROM trials, n WHERE number = 0")
        connection.commit()
    port = free_port()
    with home(runs, port) as (_, place, _), home(runs, port) as (_, other, _):
        assert (place, other != place) == (f"http://127.0.0.1:{port}", True)  # a port that is taken is stepped over
        began = time.monotonic()
        page.goto(f"{place}/study/iris-1")
        page.locator("html[data-drawn=yes]").wait_for(state="attached")
        took = time.monotonic() - began
        assert trials_shown(page) == 10_000
        assert page.locator("#table tbody tr").count() < 100
        page.locator("#scroll").evaluate("box => { box.scrollTop = box.scrollHeight }")
        page.locator("#table tbody td", has_text=re.compile("^0$")).first.wait_for()
        print(f"10,000 trials are shown after {took:.2f} s")
        assert took < 6  # under two seconds on a machine that does nothing else


def test_pages_of_a_study_open_in_the_home(page, browser, tmp_path):
    runs = tmp_path / "runs"
    done = subprocess.run(
        command("tune", "study=pages", "budget.trials=2", "folds.count=2", "fit.epochs=2", runs=runs),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with home(runs, free_port()) as (_, place, _):
        page.goto(f"{place}/study/pages")
        page.locator(".badge.finished").wait_for()
        assert "Verdict:" in page.locator("#verdict").inner_text()
        page.locator("#figures img").first.wait_for()
        page.goto(f"{place}/files/studies/pages/compare.html")
        page.locator("#count", has_text="2").wait_for()
        page.goto(f"{place}/files/studies/pages/figures/search.html")
        page.locator("html[data-drawn=yes]").wait_for(state="attached")
        trials = page.locator("#history .scatterlayer .trace").first  # marks of ties and of the model lie on these points
        assert trials.locator("path.point").count() == 2

"""MLflow's own pages of a study, served by the ui door, in a real browser."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import sqlite3
import subprocess
from contextlib import closing

import pytest

from benchmarks.mlflow_server import answers, free_port
from tests.end_to_end.doors import ROOT, SMALL, command, run, summary

pytestmark = pytest.mark.slow
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
TRIALS = 6
# MLflow draws its pages in pieces that it loads one by one
PATIENCE = 90_000


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A finished study whose last figures MLflow has missed."""
    runs = tmp_path_factory.mktemp("pages") / "runs"
    done = run("tune", *SMALL, "tracking.figures=true", f"budget.trials={TRIALS}", runs=runs)
    assert done.returncode == 0, done.stderr
    with closing(sqlite3.connect(runs / "mlflow.db")) as store, closing(sqlite3.connect(runs / "ledger.db")) as ledger:
        store.execute("DELETE FROM latest_metrics WHERE key = 'best.mean'")
        store.execute("DELETE FROM metrics WHERE key = 'best.mean'")
        store.commit()
        ledger.execute("UPDATE studies SET shown = NULL")
        ledger.commit()
    return runs


@pytest.fixture(scope="module")
def served(study):
    """The address of MLflow's pages and what the door said."""
    port = free_port()
    process = subprocess.Popen(
        command("ui", f"port={port}", runs=study), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    said = []
    try:
        for line in process.stdout:
            said.append(line)
            if line.startswith("ready: "):
                break
        url = f"http://127.0.0.1:{port}"
        assert answers(port)
        assert line.startswith("ready: home at http://127.0.0.1:")
        assert f"MLflow at {url}; Ctrl-C ends it" in line
        yield url, "".join(said)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=40)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert process.returncode == 0
    with closing(socket.socket()) as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0  # its server ended with it


@pytest.fixture(scope="module")
def page(served):
    if BROWSER is None:
        pytest.skip("no chromium is installed")
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--enable-unsafe-swiftshader"])
        opened = browser.new_context(viewport={"width": 2400, "height": 1100}).new_page()
        opened.set_default_timeout(PATIENCE)
        yield opened
        browser.close()


def visit(page, place):
    """A page of MLflow's from the beginning: it does not follow where only the part after # changes."""
    page.goto("about:blank")
    page.goto(place)


def address(served, words):
    (line,) = [line for line in served[1].splitlines() if words in line]
    return line.split()[-1]


@pytest.mark.long
def test_what_mlflow_missed_is_shipped_before_its_pages_open(study, served):
    said = served[1]
    name = summary(study)["study"]
    assert f"study {name} is not complete in MLflow; the rest is sent" in said
    assert said.index("is not complete in MLflow") < said.index("ready: ")
    with closing(sqlite3.connect(study / "mlflow.db")) as store:
        (count,) = store.execute("SELECT count(*) FROM metrics WHERE key = 'best.mean'").fetchone()
    assert count == 1
    assert f"{(study / 'studies' / name / 'compare.html').as_uri()}" in said


@pytest.mark.long
def test_the_table_shows_the_trials_with_their_scores_the_best_first(study, served, page):
    visit(page, address(served, "trials in MLflow"))
    page.get_by_role("link", name="trial 0", exact=True).wait_for()
    best = summary(study)["best"]
    for column in ("cv.accuracy.mean", "cv.accuracy.sd", "model.units"):
        page.get_by_text(column, exact=True).first.wait_for()
    names = [text for text in page.locator("a:has-text('trial ')").all_inner_texts() if text.startswith("trial ")]
    assert sorted(set(names)) == [f"trial {number}" for number in range(TRIALS)]
    assert f"{best['mean']:.3f}"[:5] in page.inner_text("body")
    with closing(sqlite3.connect(study / "mlflow.db")) as store:
        ranked = store.execute(
            "SELECT runs.name FROM latest_metrics JOIN runs USING (run_uuid) WHERE key = 'cv.accuracy.mean' "
            "AND runs.name LIKE 'trial %' ORDER BY value DESC"
        ).fetchall()
    assert names[0] in {name for (name,) in ranked[:3]}


@pytest.mark.long
def test_the_compare_view_draws_two_trials(study, served, page):
    with closing(sqlite3.connect(study / "mlflow.db")) as store:
        runs = [run for (run,) in store.execute("SELECT run_uuid FROM runs WHERE name LIKE 'trial %' LIMIT 2")]
    experiment = summary(study)["mlflow"]["experiment_id"]
    visit(page, f'{served[0]}/#/compare-runs?runs={json.dumps(runs)}&experiments=["{experiment}"]')
    page.locator(".js-plotly-plot .main-svg").first.wait_for()
    page.get_by_text("cv.accuracy.mean").first.wait_for()


def test_the_page_of_the_search_opens_among_the_artifacts(study, served, page):
    place = address(served, "compare in MLflow").replace("compare.html", "figures/search.html")
    visit(page, place)
    inside = page.frame_locator("iframe")
    inside.locator("html[data-drawn=yes]").wait_for()
    trials = inside.locator("#history .scatterlayer .trace").first  # marks of ties and of the model lie on these points
    assert trials.locator("path.point").count() == TRIALS


def test_the_compare_page_opens_among_the_artifacts(study, served, page):
    visit(page, address(served, "compare in MLflow"))
    inside = page.frame_locator("iframe")
    inside.locator("#count", has_text=str(TRIALS)).wait_for()
    assert inside.locator("[data-column=number]").count() == 1

"""The compare page in a real browser, and the table in the terminal."""

from __future__ import annotations

import json
import math
import random
import shutil
from contextlib import closing

import pytest

from foldwise.config import read_study
from foldwise.results import FoldScore, TrialResult, mean_and_sd
from foldwise.tracking.ledger import open_ledger
from foldwise.tuning.random_tuner import RandomTuner
from tests.end_to_end.doors import run

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
MODEL = [
    "choice",
    {
        "kind": "mlp",
        "units": ["int", 8, 128, {"log": True}],
        "activation": ["choice", "relu", "tanh"],
        "dropout": ["float", 0.0, 0.5],
    },
    {"kind": "layers", "layers": [{"kind": "Dense", "units": ["int", 4, 64]}]},
]


def make_study(runs, trials, name="made", **changes):
    """A finished search of trials that nobody trained; some failed and some were stopped."""
    runs.mkdir(parents=True, exist_ok=True)
    config = {"data": {"kind": "sklearn", "name": "iris"}, "study": name, "goal": {"metric": "accuracy"}, "model": MODEL}
    spec, rng = read_study({**config, **changes}), random.Random(3)
    tuner = RandomTuner(spec.space, 1)
    with closing(open_ledger(f"sqlite:///{runs / 'ledger.db'}")) as ledger:
        ledger.create_study(name, spec.recipe, "f" * 64, {}, {})
        for number in range(trials):
            params = tuner.ask(number)
            ledger.begin_trial(name, number, params)
            ledger.finish_trial(name, _result(number, params, rng))
    return runs


def _result(number, params, rng):
    if number % 20 == 13:
        return TrialResult(number, params, "FAILED", reason="nan: </script><b>loss</b> is not finite", seconds=0.1)
    base = 0.95 - 0.1 * params.get("model.mlp.dropout", 0.3)
    folds = []
    for fold in range(3):
        curve = tuple(0.2 + math.exp(-epoch / (4 + number % 11)) for epoch in range(30))
        curves = {"loss": curve, "val_loss": tuple(value + 0.1 for value in curve), "learning_rate": (0.01,) * 30}
        folds.append(FoldScore(fold, base + rng.gauss(0, 0.01), {"accuracy": base}, curves, 30, 0.1))
    if number % 20 == 7:
        return TrialResult(number, params, "STOPPED", tuple(folds[:1]), reason="race: fold 0 trails", seconds=0.1)
    mean, sd = mean_and_sd([fold.score for fold in folds])
    return TrialResult(
        number, params, "COMPLETE", tuple(folds), mean, sd, {"accuracy": mean}, seconds=0.3, costs={"parameters": 9}
    )


def test_the_best_trials_stand_first_in_the_terminal(tmp_path):
    runs = make_study(tmp_path / "runs", 20)
    done = run("compare", "study=made", "format=text", "trials=3", runs=runs)
    assert done.returncode == 0, done.stderr
    head, *lines = done.stdout.splitlines()
    assert head.split()[:2] == ["trial", "accuracy"]
    assert "model.mlp.units" in head
    scores = [float(line.split()[1]) for line in lines[:3]]
    assert scores == sorted(scores, reverse=True)
    assert "and 17 more" in lines[3]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["study=maid"], "study: the ledger holds no study 'maid', did you mean made?"),
        (["study=[made,empty]"], "study: 'empty' has no finished trial yet"),
        (["study=[made,other]"], "is ranked by log_loss"),
        (["study=../x"], "study: must be 1 to 100 of"),
        (["study=made", "format=pdf"], "format: 'pdf' is not known"),
        (["study=made", "paths.runs=/nowhere/at/all"], "holds no ledger.db"),
    ],
)
def test_what_cannot_be_compared_is_said(tmp_path, words, sentence):
    runs = make_study(tmp_path / "runs", 3)
    make_study(runs, 0, "empty")
    make_study(runs, 2, "other", goal={"metric": "log_loss"})
    done = run("compare", *words, runs=runs) if "paths" not in words[-1] else run("compare", words[0], runs="/nowhere/at/all")
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


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
def opened(browser, tmp_path):
    """A study's page, opened from its file with the network away; faults on its console fail the test."""
    faults = []
    context = browser.new_context(viewport={"width": 1300, "height": 900}, offline=True)

    def open_page(trials, **more):
        runs = make_study(tmp_path / "runs", trials, **more)
        assert run("compare", "study=made", runs=runs).returncode == 0
        page = context.new_page()
        page.on("console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda fault: faults.append(str(fault)))
        page.goto((runs / "studies" / "made" / "compare.html").as_uri())
        return page

    yield open_page
    context.close()
    assert faults == []


def numbers(page):
    return page.eval_on_selector_all(
        "#table tbody tr", "lines => lines.filter(l => l.cells.length > 2).map(l => +l.cells[1].textContent)"
    )


@pytest.mark.slow
@pytest.mark.parametrize("trials", [20, 1000])
def test_the_table_sorts_and_filters(opened, trials):
    page = opened(trials)
    assert page.inner_text("#count") == str(trials)
    page.click("[data-column=number]")
    assert numbers(page)[:5] == [0, 1, 2, 3, 4]
    page.click("[data-column=number]")
    assert numbers(page)[:3] == [trials - 1, trials - 2, trials - 3]
    page.fill("#filter", "state=failed")
    page.wait_for_function("document.getElementById('count').textContent.includes('of')")
    assert page.inner_text("#count") == f"{trials // 20} of {trials}"
    page.fill("#filter", "units>60 state=complete tanh")
    page.wait_for_function("!document.getElementById('table').innerText.includes('FAILED')")
    units = page.evaluate("view.map(row => row['model.mlp.units'])")
    assert units
    assert all(value > 60 for value in units)
    page.fill("#filter", "unknown>3")
    page.wait_for_selector("#wrong:not(:empty)")
    assert "no column is called unknown" in page.inner_text("#wrong")
    page.click("#clear")
    assert page.inner_text("#count") == str(trials)


@pytest.mark.slow
def test_an_axis_keeps_a_part_and_two_ticked_trials_are_told_apart(opened):
    page = opened(200)
    box = page.locator("#parallel").bounding_box()
    x = box["x"] + page.evaluate("across(axes.length - 1)")
    page.mouse.move(x, box["y"] + 42)
    page.mouse.down()
    page.mouse.move(x, box["y"] + 120, steps=4)
    page.mouse.up()
    kept, total = page.evaluate("[view.length, rows.length]")
    assert 0 < kept < total
    assert page.evaluate("Math.min(...view.map(r => r.mean)) > Math.min(...ranked.map(r => r.mean))")
    page.mouse.dblclick(x, box["y"] + 80)
    assert page.evaluate("view.length") == total
    assert "trial" in page.inner_text("#legend")
    names = page.eval_on_selector_all("#difference td.text", "cells => cells.map(c => c.textContent)")
    one, other = page.evaluate("ticked.slice(0, 2).map(r => data.parameters.map(p => r[p]))")
    assert len([a for a, b in zip(one, other, strict=True) if a != b]) == len(names) - ("accuracy" in names)


@pytest.mark.slow
def test_curves_are_drawn_and_what_a_trial_says_is_only_text(opened):
    page = opened(40)
    pixels = "const c = byId('curves'); return c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(v => v);"
    drawn = f"(() => {{ {pixels} }})()"
    assert page.evaluate(drawn)
    assert page.evaluate("curvesOf(ranked[0]).val_loss[1].length") == 30
    assert "</script><b>loss</b>" in page.inner_text("#ends")
    assert page.locator("#ends b").count() == 0


@pytest.mark.slow
def test_light_and_dark_and_a_study_of_one_configuration(opened):
    page = opened(1, model={"kind": "mlp", "units": 8})
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click("#theme")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light
    assert numbers(page) == [0]


@pytest.mark.slow
def test_ten_thousand_trials_are_a_page_that_scrolls(opened):
    page = opened(10_000)
    assert page.inner_text("#count") == "10000"
    assert len(numbers(page)) < 100
    page.evaluate("byId('scroll').scrollTop = 1e9")
    page.wait_for_function("byId('table').tBodies[0].rows[1].cells[1].textContent !== ''")
    assert json.loads(page.evaluate("document.getElementById('data').textContent"))["studies"][0]["name"] == "made"

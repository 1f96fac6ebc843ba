"""One training step as a page, from a finished study of XOR with and without a hidden layer."""

from __future__ import annotations

import base64
import json
import re
import shutil
import sqlite3
from contextlib import closing

import numpy as np
import pytest

from tests.end_to_end.doors import PLAIN, run
from tests.unit.training import lecture

pytestmark = pytest.mark.slow

TUNE = ["experiment=xor", "study=xor", "tuner=grid", "budget.trials=2", "model.hidden=[choice,0,1]", "model.units=6"]
TUNE += [
    "model.activation=tanh",
    "fit.optimizer.learning_rate=0.05",
    "fit.epochs=40",
    "folds.count=2",
    "explain=none",
    "baselines=[]",
]
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
CORNERS = [(0, 0), (1, 1), (0, 1), (1, 0)]  # none, none, one, one


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    runs = tmp_path_factory.mktemp("step") / "runs"
    done = run("tune", *TUNE, runs=runs)
    assert done.returncode == 0, done.stderr
    return runs


@pytest.fixture(scope="module")
def trials(runs):
    """Hidden layers -> the trial's number and its accuracy."""
    import pandas as pd

    table = pd.read_parquet(runs / "studies" / "xor" / "trials.parquet")
    scores = "mean" if "mean" in table else "score"
    return {row["model.hidden"]: (row["number"], row[scores]) for _, row in table.iterrows()}


def _page(runs, *words):
    done = run("step", "study=xor", *words, runs=runs)
    assert done.returncode == 0, done.stderr
    assert "the replay equals the record bit for bit" in done.stdout
    text = (runs / "studies" / "xor" / "step.html").read_text()
    assert "http://" not in re.sub(r"http://www\.w3\.org/2000/svg", "", text)
    assert "https://" not in text
    return json.loads(re.search(r'id="data">(.*?)</script>', text, re.S).group(1))


def _matrices(layer, part):
    return np.array(layer[part]["W"]), np.array(layer[part]["b"])


def _at_corners(plane, frame):
    """The probability of `one` at the four corners after a frame."""
    high, low = (
        np.frombuffer(base64.b64decode(plane["shades"][frame]), dtype=np.uint8).reshape(2, plane["size"], -1).astype(float)
    )
    shades = (256 * high + low) / 65535
    (left, right), (low, high), last = plane["x"], plane["y"], plane["size"] - 1
    return [shades[round((y - low) / (high - low) * last), round((x - left) / (right - left) * last)] for x, y in CORNERS]


def test_xor_needs_a_hidden_layer_and_its_boundary_shows_it(runs, trials):
    assert trials[1][1] == 1.0
    assert trials[0][1] < 0.8
    assert (runs / "studies" / "xor" / "figures" / "boundary.png").read_bytes().startswith(b"\x89PNG")


def test_the_page_of_the_best_trial_equals_numpy(runs, trials):
    page = _page(runs)
    about, net, step = page["about"], page["network"], page["step"]
    assert (about["trial"], about["fold"], step["number"], step["epoch"]) == (trials[1][0], 0, 1, 1)
    weights = [_matrices(layer, "before") for layer in step["layers"]]
    x, y = np.array(step["x"]), np.array(step["y"])
    assert len(x) == step["rows"] == 32
    hidden = [layer["activation"] for layer in step["layers"][:-1]]
    zs, outs = lecture.forward(x, weights, hidden, net["output"])
    deltas, gradients = lecture.backward(x, y, weights, zs, outs, hidden, net["loss"])
    near = {"rtol": 1e-6, "atol": 1e-6}
    np.testing.assert_allclose(lecture.losses(outs[-1], y, net["loss"]), step["losses"], **near)
    for place, layer in enumerate(step["layers"]):
        for name, mine in (("z", zs), ("a", outs), ("delta", deltas)):
            np.testing.assert_allclose(layer[name], mine[place], **near)
        for part in range(2):
            key = "Wb"[part]
            np.testing.assert_allclose(layer["gradient"][key], gradients[place][part], **near)
            slots = {name: np.array(old[key]) for name, (old, _) in layer["remembered"].items()}
            gradient, rate = gradients[place][part], step["rate"]
            after = lecture.update("adam", {}, weights[place][part], gradient, slots, rate, step["number"])
            np.testing.assert_allclose(layer["after"][key], after, **near)
    assert step["apart"] < 1e-6
    first = _at_corners(page["plane"], 0)
    assert max(first) - min(first) < 0.9
    none, no, one, yes = _at_corners(page["plane"], -1)
    assert max(none, no) < 0.1
    assert min(one, yes) > 0.9
    epochs = page["epochs"]
    assert epochs["kept"] == list(range(41))
    for layer, shown in zip(step["layers"], epochs["weights"][0], strict=True):
        np.testing.assert_allclose(layer["before"]["W"], shown["W"], rtol=1e-3)
    assert len(page["curves"]["values"]["val_accuracy"]) == 40


def test_another_trial_fold_and_step_can_be_asked_for(runs, trials):
    page = _page(runs, f"trial={trials[0][0]}", "fold=1", "step=11")
    about, step = page["about"], page["step"]
    assert (about["trial"], about["fold"], step["number"]) == (trials[0][0], 1, 11)
    assert (step["epoch"], step["batch"]) == (11 // step["batches"] + 1, 11 % step["batches"])
    (layer,) = step["layers"]
    z = np.array(step["x"]) @ np.array(layer["before"]["W"]).T + layer["before"]["b"]
    np.testing.assert_allclose(layer["z"], z, rtol=1e-6, atol=1e-6)
    none, no, one, yes = _at_corners(page["plane"], -1)
    assert not (max(none, no) < 0.5 < min(one, yes))  # no line divides XOR


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["study=xo"], "study: the ledger holds no study 'xo', did you mean xor?"),
        (["study=xor", "trial=9"], "trial: xor has no trial 9; it has 0 to 1"),
        (["study=xor", "fold=2"], "fold: there is no fold 2; the study has folds 0 to 1"),
        (["study=xor", "step=201"], "took 200 steps (40 epochs of 5); choose 1 to 200"),
        (["study=xor", "step=0"], "step: must be >= 1, got 0"),
        (["study=xor", "paths.runs=/nowhere/at/all"], "holds no ledger.db"),
    ],
)
def test_what_cannot_be_shown_is_said(runs, words, sentence):
    place = "/nowhere/at/all" if "nowhere" in words[-1] else runs
    done = run("step", *[word for word in words if not word.startswith("paths")], runs=place)
    assert done.returncode == 2, done.stderr
    assert sentence in done.stderr


def test_rows_that_are_also_judged_are_not_called_validation(tmp_path):
    (tmp_path / "xor.csv").write_text("a,b,y\n0,0,0\n0,1,1\n1,0,1\n1,1,0\n")
    words = [
        "data=csv",
        f"data.path={tmp_path / 'xor.csv'}",
        "data.target=y",
        "folds=none",
        "data.holdout.kind=none",
        "study=xor",
    ]
    words += [
        "model.hidden=1",
        "model.units=4",
        "model.activation=tanh",
        "model.dropout=0.0",
        "fit.epochs=3",
        "budget.trials=1",
    ]
    done = run("tune", *words, "tracking=in_memory", *PLAIN, runs=tmp_path / "runs")
    assert done.returncode == 0, done.stderr
    page = _page(tmp_path / "runs")
    assert page["about"]["judged"].startswith("the same rows")
    assert [len(rows) for rows in page["plane"]["dots"]] == [4]


def test_changed_rows_are_said_and_nothing_is_written(runs, tmp_path):
    changed = tmp_path / "runs"
    shutil.copytree(runs, changed)
    (changed / "studies" / "xor" / "step.html").unlink(missing_ok=True)
    with closing(sqlite3.connect(changed / "ledger.db")) as ledger:
        ledger.execute("UPDATE studies SET data_fingerprint = 'other'")
        ledger.commit()
    done = run("step", "study=xor", runs=changed)
    assert done.returncode == 2
    assert "study: 'xor' exists with other data" in done.stderr
    assert not (changed / "studies" / "xor" / "step.html").exists()


@pytest.fixture(scope="module")
def page(runs):
    """The page of the network with a hidden layer, and its values."""
    values = _page(runs, "step=7")
    return runs / "studies" / "xor" / "step.html", values


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
def shown(browser):
    """Opens a page; at the end nothing went wrong on it and nothing was asked of a network."""
    wrong = []

    def opened(path, width=1200, scheme="light"):
        tab = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        tab.on("pageerror", lambda fault: wrong.append(str(fault)))
        tab.on("request", lambda asked: wrong.append(asked.url) if not asked.url.startswith(("file:", "data:")) else None)
        tab.goto(path.as_uri())
        return tab

    yield opened
    assert wrong == []


def test_the_slider_moves_weights_boundary_and_curves(shown, page):
    tab = shown(page[0])
    assert tab.inner_text("#now") == "epoch 40 of 40, kept"

    def looks():
        return tab.evaluate("[svg.innerHTML, ...[...document.querySelectorAll('canvas')].map((canvas) => canvas.toDataURL())]")

    late = looks()
    assert len(late) == 4  # the network, the boundary, the loss and the accuracy
    tab.evaluate("slider.value = 0; slider.dispatchEvent(new Event('input'))")
    assert tab.inner_text("#now") == "epoch 0 of 40, first weights"
    assert all(one != other for one, other in zip(late, looks(), strict=True))
    tab.click("#play")
    tab.wait_for_function("nowEpoch() >= 2")
    tab.click("#play")
    assert tab.inner_text("#play") == "play"


def test_a_clicked_weight_and_another_row_are_written_out(shown, page):
    tab, step = shown(page[0]), page[1]["step"]
    assert "w from x1 to unit 1, layer 1" in tab.inner_text("#written")
    tab.select_option("#row", "3")
    tab.locator("#numbers table", has_text="x2").locator("td.pick").nth(4).click()
    text = tab.inner_text("#written")
    assert "w from x2 to unit 2, layer 1" in text
    for number in (
        step["layers"][0]["z"][3][1],
        step["layers"][0]["gradient"]["W"][1][1],
        step["layers"][0]["after"]["W"][1][1],
    ):
        assert f"{number:.6g}".replace("-", "−") in text
    assert f"{step['losses'][3]:.6g}" in tab.inner_text("#numbers")
    assert "unit 2" in tab.inner_text("#written")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_phone(shown, page, scheme):
    tab = shown(page[0], 390, scheme)
    assert tab.evaluate("document.documentElement.scrollWidth") == 390
    assert tab.evaluate("document.documentElement.classList.contains('dark')") is (scheme == "dark")
    tab.click("#theme")
    assert tab.evaluate("document.documentElement.classList.contains('dark')") is (scheme != "dark")


@pytest.mark.parametrize(
    ("optimizer", "text"),
    [
        ({"kind": "sgd", "momentum": 0.0, "nesterov": False}, "w ← w − α g"),
        ({"kind": "sgd", "momentum": 0.9, "nesterov": False}, "The lecture's V ← β V + (1 − β) g"),
        ({"kind": "sgd", "momentum": 0.9, "nesterov": True}, "w ← w + β v − α g"),
        ({"kind": "rmsprop", "rho": 0.9, "momentum": 0.0, "epsilon": 1e-7, "centered": False}, "S ← β S + (1 − β) g²"),
        ({"kind": "lamb", "beta_1": 0.9}, "is not written out here"),
    ],
)
def test_each_rule_has_its_lines(shown, page, tmp_path, optimizer, text):
    from foldwise.report.step_page import write_step_page

    values = page[1]
    network = {
        **values["network"],
        "optimizer": optimizer,
        "written_out": optimizer["kind"] != "lamb",
        "penalties": [{"l2": 0.1}] * len(values["network"]["penalties"]),
    }
    write_step_page(tmp_path / "step.html", {**values, "network": network, "plane": None})
    tab = shown(tmp_path / "step.html")
    assert text in tab.inner_text("#numbers")
    assert tab.locator("#boundary").count() == 0

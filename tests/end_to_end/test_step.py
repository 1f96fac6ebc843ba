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

from tests.end_to_end.doors import run
from tests.unit.training import lecture

pytestmark = pytest.mark.slow

TUNE = ["experiment=xor", "study=xor", "tuner=grid", "budget.trials=2", "model.hidden=[choice,0,1]", "model.units=6"]
TUNE += ["model.activation=tanh", "fit.optimizer.learning_rate=0.05", "fit.epochs=40", "folds.count=2"]
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
    shades = np.frombuffer(base64.b64decode(plane["shades"][frame]), dtype=np.uint8).reshape(plane["size"], -1) / 255
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
    zs, outs = lecture.forward(x, weights, net["activation"], net["output"])
    deltas, gradients = lecture.backward(x, y, weights, zs, outs, net["activation"], net["loss"])
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

"""A table with a skewed target, dates and text, from the command to answers in the target's own unit."""

import json

import numpy as np
import pandas as pd
import pytest

from tests.end_to_end.doors import PLAIN, only_study, run, summary

pytestmark = pytest.mark.slow

WORDS = ["red", "blue", "door", "sea", "tree", "sun", "moon", "car", "boat", "house"]
PREP = ["prep.dates=cyclic", "prep.text={kind: hash, width: 16}", "prep.target=log", "prep.scale=yeo_johnson"]
FIT = [*PLAIN, "folds.count=3", "fit.epochs=30", "model.units=16", "model.hidden=1", "fit.optimizer.learning_rate=0.02"]


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    draws, rows = np.random.default_rng(0), 400
    size = np.exp(draws.normal(size=rows))
    moments = np.datetime64("2020-01-01T08:30") + draws.integers(0, 10**6, rows).astype("timedelta64[m]")
    notes = [" ".join(draws.choice(WORDS, 6)) for _ in range(rows)]
    sea = np.array(["sea" in note for note in notes])
    price = 1000 * size * np.exp(sea + 0.1 * draws.normal(size=rows))
    frame = pd.DataFrame({"size": size.round(3), "sold": moments.astype(str), "note": notes, "price": price.round(1)})
    path = tmp_path_factory.mktemp("sales") / "sales.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.mark.parametrize("engine", ["fused", pytest.param("keras", marks=pytest.mark.long)])
def test_answers_come_back_in_the_target_s_own_unit_and_kept_features_are_named(rows, engine, tmp_path):
    runs = tmp_path / "runs"
    words = ["data=csv", f"data.path={rows}", "data.target=price", "budget.trials=2", f"training.engine={engine}", *PREP, *FIT]
    done = run("tune", *words, "prep.select={kind: k_best, k: [int,4,8]}", runs=runs)
    assert done.returncode == 0, done.stderr
    assert "prep.select kept" in done.stdout
    found = summary(runs)
    assert found["engine"] == engine
    assert found["holdout"]["metrics"]["r2"] > 0.5
    features = found["features"]
    assert features["count"] == len(features["kept"]) == found["best"]["params"]["prep.select.k"]
    assert "size" in features["kept"]
    assert features["kept_in_folds"]["size"] == 3
    card = json.loads((only_study(runs) / "bundle" / "bundle.json").read_text())
    assert card["features"] == features["kept"]

    answers = tmp_path / "answers.csv"
    done = run("predict", "model=sales@champion", f"input={rows}", f"output={answers}", runs=runs)
    assert done.returncode == 0, done.stderr
    truth, said = pd.read_csv(rows)["price"], pd.read_csv(answers)["prediction"]
    assert np.corrcoef(np.log(truth), np.log(said))[0, 1] > 0.8
    assert 0.5 < said.median() / truth.median() < 2

"""Networks for tables through the doors: all that works with an mlp works with them."""

import json
import time

import numpy as np
import pandas as pd
import pytest

from tests.end_to_end.doors import PLAIN, only_study, run, summary

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.usefixtures("tensorflow_started")]

WORDS = {
    "tabular": ["model=tabular", "model.units=[choice,8,12]", "fit.seeds=2"],
    "tabm": ["model=tabm", "model.units=[choice,8,12]", "model.members=3", "fit.seeds=1"],
}
SHORT = ["folds.count=3", "fit.epochs=9", "fit.batch_size=32", *PLAIN]


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """A table of numbers and categories, one of many levels, with two classes of unequal size."""
    draws = np.random.default_rng(0)
    frame = pd.DataFrame(draws.normal(size=(240, 3)).round(3), columns=["a", "b", "c"])
    frame["shop"] = draws.choice([f"s{n}" for n in range(14)], 240)
    frame["size"] = draws.choice(["small", "large"], 240)
    frame["y"] = np.where(np.sin(3 * frame["a"]) + 0.3 * frame["b"] > 0.6, "yes", "no")
    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module", params=["tabular", pytest.param("tabm", marks=pytest.mark.nightly)])
def study(request, rows, tmp_path_factory):
    """The words and the runs of a raced study with a tuned threshold and balanced classes."""
    runs = tmp_path_factory.mktemp("runs")
    words = ["data=csv", f"data.path={rows}", "data.target=y", *WORDS[request.param], *SHORT]
    words += ["race=both", "fit.threshold=auto", "balance=smote", "budget.trials=4"]
    done = run("tune", *words, runs=runs)
    assert done.returncode == 0, done.stderr
    assert "engine fused" in done.stdout
    return words, runs


def test_a_second_start_trains_nothing_and_a_trial_is_replayed_bit_for_bit(study):
    words, runs = study
    again = run("tune", *words, runs=runs)
    assert again.returncode == 0, again.stderr
    assert "trial   0" not in again.stdout
    best = summary(runs)["best"]["number"]
    done = run("tune", *words, f"replay={best}", runs=runs)
    assert f"trial {best} is the same, bit for bit" in done.stdout + done.stderr


@pytest.mark.parametrize("format", ["saved_model", "litert", "onnx"])
def test_it_is_exported(study, format, tmp_path):
    done = run("export", "model=rows@champion", f"format={format}", f"output={tmp_path / 'out'}", runs=study[1])
    assert done.returncode == 0, done.stderr
    assert "its answers there equal those here" in done.stdout


def test_a_row_is_answered_in_milliseconds(study, rows):
    from foldwise.bundle.bundle import load_bundle

    bundle = load_bundle(only_study(study[1]) / "bundle")
    row = json.loads(pd.read_csv(rows).drop(columns="y").iloc[0].to_json())
    bundle.answer(row)
    taken = []
    for _ in range(30):
        began = time.perf_counter()
        bundle.answer(row)
        taken.append(time.perf_counter() - began)
    assert np.median(taken) < 0.05  # 3 to 6 ms where nothing else runs


@pytest.mark.nightly
def test_two_workers_give_the_same_trials(study, tmp_path):
    words = [word for word in study[0] if not word.startswith(("race=", "budget."))] + ["budget.trials=2", "fit.seeds=1"]
    tables = []
    for place, more in enumerate([[], ["execute=dask", "execute.workers=2"]]):
        done = run("tune", *words, "race=none", "tuner=random", *more, runs=tmp_path / str(place))
        assert done.returncode == 0, done.stderr
        tables.append(pd.read_parquet(only_study(tmp_path / str(place)) / "trials.parquet"))
    one, two = (table.sort_values("number")[["number", "mean"]].reset_index(drop=True) for table in tables)
    pd.testing.assert_frame_equal(one, two)

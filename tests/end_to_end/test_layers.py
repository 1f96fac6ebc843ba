"""Networks written as layers, from the command to the answers of the registered model."""

import numpy as np
import pandas as pd
import pytest

from tests.end_to_end.doors import PLAIN, only_study, run, summary

pytestmark = pytest.mark.slow

TINY = [*PLAIN, "folds.count=2", "fit.epochs=2", "budget.trials=2"]
WIDE_AND_DEEP = [
    "model=layers",
    "model.inputs={wide: [color,size], deep: all}",
    "model.layers=[{kind: Dense, units: [int,4,8], activation: relu, from: deep, name: hidden},"
    "{kind: Concatenate, from: [wide,hidden]}]",
]


AUXILIARY = "model.outputs={hidden: [float,0.01,1.0,{log: true}]}"


@pytest.mark.parametrize(
    "outputs",
    [
        pytest.param([], id="one output", marks=pytest.mark.long),
        pytest.param([AUXILIARY], id="an auxiliary output", marks=pytest.mark.long),
    ],
)
def test_wide_and_deep_is_tuned_and_answers_raw_rows(outputs, tmp_path):
    draws = np.random.default_rng(0)
    frame = pd.DataFrame({"size": draws.normal(size=200).round(4), "weight": draws.normal(size=200).round(4)})
    frame["color"] = draws.choice(["red", "blue", "green"], 200)
    frame["y"] = np.where(frame["size"] + (frame["color"] == "red") > 0, "yes", "no")
    rows, runs, answers = tmp_path / "rows.csv", tmp_path / "runs", tmp_path / "answers.parquet"
    frame.to_csv(rows, index=False)
    done = run("tune", "data=csv", f"data.path={rows}", "data.target=y", *WIDE_AND_DEEP, *outputs, *TINY, runs=runs)
    assert done.returncode == 0, done.stderr
    assert "engine keras: a network of layers trains fold by fold" in done.stdout
    assert summary(runs)["trials"]["complete"] == 2
    searched = {"model.layers.0.units", *(["model.outputs.hidden"] if outputs else [])}
    assert searched <= set(summary(runs)["best"]["params"])

    done = run("predict", "model=rows@champion", f"input={rows}", f"output={answers}", runs=runs)
    assert done.returncode == 0, done.stderr
    held = pd.read_parquet(only_study(runs) / "holdout.parquet")
    agreed = pd.read_parquet(answers).loc[held["row"], ["p_no", "p_yes"]].to_numpy()
    assert np.abs(agreed - held[["p_no", "p_yes"]].to_numpy()).max() <= 1e-6


def test_an_output_of_no_vector_ends_before_anything_is_written(tmp_path):
    layers = "model.layers=[{kind: Reshape, target_shape: [2,2], name: grid},Flatten]"
    done = run("tune", "data=iris", "model=layers", layers, "model.outputs.grid=0.1", *TINY, runs=tmp_path / "runs")
    assert done.returncode == 2
    assert "error: model.outputs.grid: grid gives 2 x 2, and the output layer takes a vector" in done.stderr
    assert not (tmp_path / "runs").exists()


def test_shapes_that_do_not_fit_end_before_anything_is_written(tmp_path):
    layers = "model.layers=[Flatten,{kind: Conv2D, filters: 4, kernel_size: 3}]"
    done = run("tune", "data=iris", "model=layers", layers, *TINY, runs=tmp_path / "runs")
    assert done.returncode == 2
    assert "error: model.layers.1: layer 2 (Conv2D) cannot take 4: a row must have 3 sides, and has 1" in done.stderr
    assert not (tmp_path / "runs").exists()

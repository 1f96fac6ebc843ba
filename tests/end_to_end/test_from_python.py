"""What only Python can hand over, from the call to answers of the registered model."""

import pytest
from sklearn.datasets import load_iris

from tests.end_to_end.doors import python, run

pytestmark = pytest.mark.slow

TINY = {"folds": {"kind": "auto", "count": 2}, "budget": {"trials": 2}, "explain": {"kind": "none"}, "baselines": []}
TINY |= {"tracking": {"kind": "mlflow", "figures": False}}

FRAME = """
import numpy as np, pandas as pd, foldwise
from foldwise.errors import ConfigError

draws = np.random.default_rng(0)
def rows(seed):
    draws = np.random.default_rng(seed)
    size, color = draws.normal(size=120), draws.choice(["red", "blue"], 120)
    frame = pd.DataFrame({{"size": size, "color": pd.Categorical(color), "day": pd.Timestamp("2020-01-01")}})
    return frame.assign(y=(size > 0) ^ (color == "red"))

where = dict(paths={{"runs": {runs!r}}}, **{tiny!r})
words = ["study=mine", "fit.epochs=2", "model.hidden=1", "model.units=[int,4,8]"]
result = foldwise.tune(*words, frame=rows(0), target="y", **where)
assert len(result.trials()) == 2 and result.summary["task"] == "binary", result
again = foldwise.tune(*words, frame=rows(0).copy(), target="y", **where)
assert again.summary == result.summary
try:
    foldwise.tune(*words, frame=rows(1), target="y", **where)
except ConfigError as error:
    assert "exists with other data" in str(error), error
else:
    raise AssertionError("other rows were taken")
answers = foldwise.load("mine@champion", runs={runs!r}).predict(rows(2).drop(columns="y"))
assert set(answers["prediction"]) <= {{"True", "False"}} and len(answers) == 120
print("all well")
"""


def _run(program, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(program.format(runs=str(tmp_path / "runs"), tiny=TINY))
    return python(script, cwd=tmp_path)


@pytest.mark.long
def test_a_frame_is_tuned_and_only_python_can_go_on_with_it(tmp_path):
    done = _run(FRAME, tmp_path)
    assert done.stdout.strip().endswith("all well"), done.stdout + done.stderr
    done = run("tune", "study=mine", "data=iris", runs=tmp_path / "runs")
    assert done.returncode == 2
    assert "'mine' was made from a DataFrame, so only Python can go on with it" in done.stderr


FUNCTION = """
import keras, foldwise
from foldwise.errors import ConfigError

def skipping(inputs, head, units=8, rate=0.1):
    features = keras.Input((inputs,))
    hidden = keras.layers.Dropout(rate)(keras.layers.Dense(units, activation="relu")(features))
    both = keras.layers.Concatenate()([features, hidden])
    return keras.Model(features, keras.layers.Dense(head.units, head.activation)(both))

class Own(keras.layers.Layer):
    def call(self, rows):
        return 2 * rows

def unkept(inputs, head):
    return keras.Sequential([keras.Input((inputs,)), Own(), keras.layers.Dense(head.units, head.activation)])

def falling(epoch, rate, decay=0.5):
    return rate / (1 + decay * epoch)

def stopping(fold):
    class Stopping(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            assert {{"val_loss", "val_accuracy"}} <= set(logs)
            self.model.stop_training = epoch >= 1
    return Stopping()

def wrong():
    return 1

where = dict(paths={{"runs": {runs!r}}}, **{tiny!r})
schedule = {{"kind": "python", "schedule": falling, "decay": ["choice", 0.25, 0.5]}}
sgd = {{"kind": "sgd", "learning_rate": 0.1}}
own = dict(lr_schedule=schedule, fit={{"epochs": 5, "callbacks": [stopping], "optimizer": sgd}})
words = ["data=iris", "study=scheduled", "model.hidden=1", "model.units=4"]
result = foldwise.tune(*words, **own, **where)
assert result.summary["engine"] == "keras", result.summary
for trial in result.results:
    decay = trial.params["lr_schedule.decay"]
    for fold in trial.folds:  # the function's rates, up to the epoch in which the callback ended
        rates = [0.1, 0.1 / (1 + decay)]
        assert all(abs(a - b) < 1e-7 for a, b in zip(fold.curves["learning_rate"], rates, strict=True)), fold
again = foldwise.tune(*words, **own, **where)
assert again.summary == result.summary
try:
    foldwise.tune("data=iris", "study=wrong", fit={{"callbacks": [wrong]}}, **where)
except ConfigError as error:
    assert "wrong must return a keras.callbacks.Callback, got int" in str(error), error
else:
    raise AssertionError("something else than a callback was taken")

model = {{"kind": "python", "build": skipping, "units": ["int", 4, 8], "rate": ["float", 0.0, 0.5]}}
result = foldwise.tune("data=iris", "fit.epochs=2", model=model, **where)
assert result.summary["trials"]["complete"] == 2 and result.summary["engine"] == "keras", result.summary
assert set(result.best.params) == {{"model.units", "model.rate", "fit.optimizer.learning_rate"}}
again = foldwise.train("data=iris", "fit.epochs=2", "study=other", model=model, **where)
first = result.results[0]
assert again.results[0].folds[0].score == first.folds[0].score  # the defaults, by the same seed
try:
    foldwise.tune("data=iris", "fit.epochs=2", "study=unkept", model={{"kind": "python", "build": unkept}}, **where)
except ConfigError as error:
    assert "holds code of your own (Own)" in str(error), error
else:
    raise AssertionError("a network that cannot be kept was taken")
print("all well")
"""


@pytest.mark.nightly
def test_a_function_of_one_s_own_is_tuned_and_answers_without_it(tmp_path):
    done = _run(FUNCTION, tmp_path)
    assert done.stdout.strip().endswith("all well"), done.stdout + done.stderr
    assert not (tmp_path / "runs" / "studies" / "unkept").exists()
    assert not (tmp_path / "runs" / "studies" / "wrong").exists()
    done = run("tune", "study=scheduled", "budget.trials=3", runs=tmp_path / "runs")
    assert done.returncode == 2
    assert "kind python takes your own function of epoch and rate, and only from Python" in done.stderr
    done = run("retrain", "model=scheduled", runs=tmp_path / "runs")
    assert done.returncode == 2
    assert "'scheduled' was made with the Python function falling, which cannot be called again" in done.stderr
    rows, answers = tmp_path / "rows.csv", tmp_path / "answers.csv"
    load_iris(as_frame=True).data.to_csv(rows, index=False)
    done = run("predict", "model=iris/1", f"input={rows}", f"output={answers}", runs=tmp_path / "runs")
    assert done.returncode == 0, done.stderr
    assert len(answers.read_text().splitlines()) == 151
    done = run("tune", "model.kind=python", runs=tmp_path / "runs")
    assert done.returncode == 2
    assert "kind python takes your own function, and only from Python" in done.stderr

"""Where there is nothing to learn, nothing is found."""

import json

import numpy as np
import pandas as pd
import pytest

from tests.end_to_end.doors import SMALL, only_study, run, summary

pytestmark = pytest.mark.slow


def test_random_labels_are_not_learnt(tmp_path):
    random = np.random.default_rng(1)  # one table in twenty has a verdict by chance, that of 0 too
    frame = pd.DataFrame(random.normal(size=(600, 8)), columns=[f"x{i}" for i in range(8)])
    frame["group"] = random.choice(list("abcdef"), 600)
    frame["label"] = random.choice(["yes", "no"], 600)
    frame.to_csv(tmp_path / "random.csv", index=False)
    runs = tmp_path / "runs"
    words = ["data=csv", f"data.path={tmp_path / 'random.csv'}", "data.target=label", "budget.trials=20"]
    done = run("tune", *words, *SMALL, "baselines=[logistic]", "fit.batch_size=64", "tracking=in_memory", runs=runs)
    assert done.returncode == 0, done.stderr
    found = summary(runs)
    rows = found["rows"]["holdout"]
    noise = 3 * np.sqrt(0.25 / rows)
    assert abs(found["holdout"]["metrics"]["accuracy"] - 0.5) <= noise
    assert "no difference shown on " in found["verdict"]
    assert len(pd.read_parquet(only_study(runs) / "trials.parquet")) == 20


def test_a_trial_whose_loss_is_not_finite_fails_and_the_study_goes_on(tmp_path):
    runs = tmp_path / "runs"
    rates = "fit.optimizer.learning_rate=[choice,0.01,1e30]"
    done = run(
        "tune", "data=diabetes", "budget.trials=6", *SMALL, "fit=sgd", rates, "tracking=in_memory", "tuner=random", runs=runs
    )
    assert done.returncode == 0, done.stderr
    trials = pd.read_parquet(only_study(runs) / "trials.parquet")
    failed = trials[trials["state"] == "FAILED"]
    assert len(failed) >= 1
    assert (failed["fit.optimizer.learning_rate"] == 1e30).all()
    assert failed["reason"].str.contains("is not finite").all()
    assert json.loads((only_study(runs) / "summary.json").read_text())["trials"]["failed"] == len(failed)


def test_a_study_whose_trials_all_fail_alike_says_why(tmp_path):
    runs = tmp_path / "runs"
    words = ["fit=sgd", "fit.optimizer.learning_rate=1e30", "fit.optimizer.momentum=0.0", "tracking=in_memory"]
    done = run("tune", "data=diabetes", "budget.trials=6", *SMALL, *words, runs=runs)
    assert done.returncode == 1
    assert "first 3 trials failed in the same way" in done.stdout + done.stderr
    assert "no trial is complete" in done.stderr
    assert "not finite" in done.stderr

"""A trial as MLflow stores it."""

import math
from types import SimpleNamespace

from foldwise.config.option_names import Readable
from foldwise.config.template import split
from foldwise.spec.goal import Goal
from foldwise.tracking.mlflow_rows import experiment_tags, scored, trial_metrics, trial_params
from tests.contract.ledgers import result


def test_only_a_complete_trial_has_a_mean_over_folds():
    complete = trial_metrics(result(0), "accuracy")
    stopped = trial_metrics(result(0, count=1, state="STOPPED", mean=math.nan, sd=math.nan, metrics={}), "accuracy")
    assert complete["cv.accuracy.mean"] == 0.91
    assert complete["cv.log_loss.sd"] == 0.0
    assert stopped == {"fold.0.accuracy": 0.9, "seconds": 1.25}


def test_options_have_readable_names_and_parameters_keep_all_digits():
    sgd = {"kind": "sgd", "learning_rate": ["float", 0.00001, 0.1]}
    _, space = split({"optimizer": ["choice", sgd, {**sgd, "momentum": 0.9}]})
    params = {"optimizer": "option1", "optimizer.option1.learning_rate": 0.00004321, "tuner.epochs": 3}
    assert trial_params(params, Readable(space)) == {
        "optimizer": "sgd momentum=0.9",
        "optimizer.sgd momentum 0.9.learning_rate": "4.321e-05",
        "tuner.epochs": "3",
    }


def test_scores_on_training_rows_are_not_called_cross_validated():
    records = [SimpleNamespace(name="x", recipe={"folds": folds}) for folds in ("none", {"kind": "none"})]
    assert [scored(record) for record in records] == ["train", "train"]
    assert scored(SimpleNamespace(recipe={})) == scored(SimpleNamespace(recipe={"folds": {"kind": "split"}})) == "cv"
    metrics = trial_metrics(result(0), "accuracy", "train")
    assert metrics["train.accuracy.mean"] == 0.91
    assert not [name for name in metrics if name.startswith(("cv.", "oof."))]
    tags = experiment_tags(records[1], Goal("accuracy", "maximize"))
    assert "cv." not in " ".join(tags.values())
    assert tags["mlflow.experiment.primaryMetric.name"] == "train.accuracy.mean"

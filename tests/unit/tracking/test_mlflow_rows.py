"""A trial as MLflow stores it."""

import math

from foldwise.tracking.mlflow_rows import trial_metrics
from tests.contract.ledgers import result


def test_only_a_complete_trial_has_a_mean_over_folds():
    complete = trial_metrics(result(0), "accuracy")
    stopped = trial_metrics(result(0, count=1, state="STOPPED", mean=math.nan, sd=math.nan, metrics={}), "accuracy")
    assert complete["cv.accuracy.mean"] == 0.91
    assert complete["cv.log_loss.sd"] == 0.0
    assert stopped == {"fold.0.accuracy": 0.9, "seconds": 1.25}

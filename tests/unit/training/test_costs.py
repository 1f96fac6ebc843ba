"""The costs of a network, known before training."""

from dataclasses import replace

import pytest

from foldwise.spec.layers import LayersSpec
from foldwise.spec.model import MlpSpec

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tensorflow_started")]

MODELS = pytest.mark.parametrize(
    "model",
    [
        MlpSpec(hidden=2, units=8),
        MlpSpec(units=5, batch_norm=True, dropout=0.2),
        LayersSpec(kind="layers", layers=[{"kind": "Dense", "units": 7}, {"kind": "Dropout", "rate": 0.2}]),
    ],
    ids=["mlp", "norm", "layers"],
)


def _run(job, table, splits):
    from foldwise.training.cross_validate import cross_validate

    return cross_validate(job, table, splits)


@MODELS
def test_parameters_are_those_that_keras_counts(model, job, table, splits):
    from foldwise.models.build import build
    from foldwise.models.heads import head_for

    data = table("multiclass")
    usual = _run(job("multiclass", model=model), data, splits(data))
    before = _run(replace(job("multiclass", model=model), at_most={"parameters": 1e9}), data, splits(data))
    network = build(model, _inputs(data, splits(data)), head_for("multiclass", 3, model, job("multiclass").spec.fit), 0)
    assert usual.costs["parameters"] == before.costs["parameters"] == network.count_params()


def test_training_seconds_are_measured_only_on_request(job, table, splits):
    """So that equal trials have equal rows in a table."""
    data = table()
    assert set(_run(job(), data, splits(data)).costs) == {"parameters"}
    timed = _run(replace(job(), costs=("training_seconds",)), data, splits(data))
    assert 0 < timed.costs["training_seconds"] < timed.seconds


def _inputs(data, cut):
    from foldwise.data.preparation.fold import fit_preparation
    from foldwise.spec.prep import PrepSpec

    return len(fit_preparation(data, cut[0].train, PrepSpec()).features)


def test_what_exceeds_a_bound_is_not_trained(job, table, splits):
    data = table()
    result = _run(replace(job(), at_most={"parameters": 3.0}), data, splits(data))
    assert (result.state, result.folds) == ("STOPPED", ())
    assert "parameters are more than the 3 of goal.at_most" in result.reason
    assert result.costs["parameters"] > 3


def test_latency_is_measured_only_on_request_and_changes_no_number(job, table, splits):
    data = table()
    usual = _run(job(), data, splits(data))
    timed = _run(replace(job(), costs=("latency_ms",)), data, splits(data))
    assert 0 < timed.costs["latency_ms"] < 1000
    assert "latency_ms" not in usual.costs
    assert [fold.curves for fold in timed.folds] == [fold.curves for fold in usual.folds]

"""The folds of a trial trained once more, to keep their networks."""

import numpy as np
import pytest

from foldwise.data.preparation.fold import fit_preparation
from foldwise.errors import Interrupted, JobError
from foldwise.spec.fit import EarlyStop, FitSpec
from foldwise.spec.optimizer import OptimizerSpec

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tensorflow_started")]


@pytest.mark.parametrize(
    ("task", "engine"),
    [
        *((task, "fused") for task in ("binary", "multiclass", "regression")),
        ("multiclass", "keras"),
        *(pytest.param(task, "keras", marks=pytest.mark.long) for task in ("binary", "regression")),
    ],
)
def test_the_networks_answer_as_the_trial_did(task, engine, job, table, splits):
    from dataclasses import replace

    from foldwise.training.cross_validate import cross_validate
    from foldwise.training.fold_models import fold_models

    data = table(task, rows=90)
    asked = replace(job(task, fit=FitSpec(epochs=6, batch_size=8, early_stop=EarlyStop(patience=2))), engine=engine)
    cut = splits(data)
    trial = cross_validate(asked, data, cut)
    models = fold_models(asked, data, cut)
    assert [model.fold for model in models] == list(range(len(cut)))
    np.testing.assert_array_equal(np.concatenate([model.predictions for model in models]), trial.answers)
    for model, split in zip(models, cut, strict=True):
        np.testing.assert_allclose(model.predict(model.x), model.predictions, rtol=1e-5, atol=1e-6)
        prepared = fit_preparation(data, split.train, asked.spec.prep)
        assert model.columns == prepared.origins
        np.testing.assert_array_equal(model.x, prepared.rows(data.frame, split.valid))


def test_a_training_that_diverges_says_which_fold(job, table, splits):
    from foldwise.training.fold_models import fold_models

    data = table("regression", rows=60)
    fit = FitSpec(epochs=30, batch_size=8, optimizer=OptimizerSpec(kind="sgd", learning_rate=1e9))
    with pytest.raises(JobError, match="fold 0 of trial 0 could not be trained again"):
        fold_models(job("regression", fit=fit), data, splits(data))


def test_it_ends_between_epochs(job, table, splits):
    from foldwise.training.fold_models import fold_models

    def stop():
        raise Interrupted("stop")

    data = table("binary", rows=60)
    with pytest.raises(Interrupted):
        fold_models(job("binary"), data, splits(data), stop)

"""In single precision the fused engine's weights are those of Keras's own `fit` but for rounding."""

import pytest

from tests.unit.training.fused.cases import CALM, compare, fused_fits, job_and_folds

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tensorflow_started")]


@pytest.mark.parametrize("asked", CALM)
def test_weights_are_those_of_keras(asked, fold, training):
    from foldwise.training.by_fold.engine import fit_folds

    expected = list(fit_folds(*job_and_folds(asked, fold, training)))
    compare(expected, fused_fits(asked, fold, training), tolerance=1e-4)

"""The fused engine takes the same steps as Keras's own `fit`, fold by fold: in double precision, compiled or not."""

import pytest

from tests.unit.training.fused.cases import COMPILED, EACH, compare, fused_fits, job_and_folds

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def by_keras():
    """A case's fits by Keras, made once: both programs are held against the same."""
    kept = {}

    def run(asked, fold, training):
        from foldwise.training.by_fold.engine import fit_folds

        if asked["name"] not in kept:
            kept[asked["name"]] = list(fit_folds(*job_and_folds(asked, fold, training)))
        return kept[asked["name"]]

    return run


@pytest.mark.parametrize("asked", EACH)
def test_a_program_that_is_not_compiled_gives_the_weights_of_keras(asked, by_keras, double, fold, training, monkeypatch):
    from foldwise.training.fused import engine as fused

    monkeypatch.setattr(fused, "STEPS_THAT_PAY", 10**9)
    compare(by_keras(asked, fold, training), fused_fits(asked, fold, training), tolerance=1e-8)


@pytest.mark.parametrize("asked", COMPILED)
def test_a_compiled_program_gives_them_too(asked, by_keras, double, fold, training, monkeypatch):
    from foldwise.training.fused import engine as fused

    monkeypatch.setattr(fused, "STEPS_THAT_PAY", 0)
    compare(by_keras(asked, fold, training), fused_fits(asked, fold, training), tolerance=1e-8)

"""The table of engines has the names of the rule."""

import pytest

from foldwise.system.keras_backend import BACKENDS

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tensorflow_started")]


def test_both_engines_are_there():
    from foldwise.training.engine_rule import FUSED
    from foldwise.training.engines import HOMES

    assert set(HOMES) == {*(("keras", backend) for backend in BACKENDS), *(("fused", backend) for backend in FUSED)}


def test_every_elementwise_optimizer_has_a_fused_rule():
    from foldwise.spec.optimizer import ELEMENTWISE, OptimizerSpec
    from foldwise.training.fused.optimizers import rule_for

    for kind in ELEMENTWISE:
        assert rule_for(OptimizerSpec(kind=kind)).slots


@pytest.mark.long
@pytest.mark.parametrize("engine", ["fused", "keras"])
def test_an_engine_shows_curves_as_they_grow_that_end_as_those_of_its_result(engine, fold, training):
    from dataclasses import replace

    from foldwise.spec.fit import FitSpec
    from foldwise.training.engines import engine_for

    seen = []

    def look(number, curves, unit):
        seen.append((number, {name: [*values] for name, values in curves.items()}, unit))

    job = replace(training("regression", fit=FitSpec(epochs=40, batch_size=16)), on_curves=look)
    folds = [fold("regression", seed=seed, sd=10.0) for seed in range(2)]
    fits = list(engine_for(engine, "tensorflow")(job, enumerate(folds)))
    for fit in fits:
        own = [curves for number, curves, _ in seen if number == fit.fold]
        lengths = [len(curves["val_loss"]) for curves in own]
        assert len(lengths) > 1
        assert lengths == sorted(set(lengths))
        assert lengths[-1] == 40
        assert own[-1]["val_loss"] == list(fit.curves["val_loss"])
        assert [value * 10.0 for value in own[-1]["val_mae"]] == list(fit.curves["val_mae"])
    assert {unit for _, _, unit in seen} == {10.0}
    plain = list(engine_for(engine, "tensorflow")(replace(job, on_curves=lambda fold, curves, unit: None), enumerate(folds)))
    assert [fit.curves for fit in plain] == [fit.curves for fit in fits]

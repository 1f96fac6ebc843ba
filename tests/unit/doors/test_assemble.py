from importlib.util import find_spec

import pytest

from foldwise.config.read import read_study
from foldwise.doors.assemble import check_tuner, make_tuner, trials_at_once
from foldwise.errors import ConfigError
from foldwise.spec.goal import Goal
from foldwise.study.plan import is_small, plan_study
from foldwise.study.provenance import provenance

IRIS = {"data": {"kind": "sklearn", "name": "iris"}, "model": {"kind": "mlp", "units": ["int", 4, 64]}}


def study(tuner, **more):
    return read_study({**IRIS, "tuner": tuner, **more})


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (
            {
                "tuner": "grid",
                "model": {"kind": "mlp", "dropout": ["float", 0.0, 0.5], "l2": ["float", 1e-4, 0.1, {"log": True}]},
            },
            "tuner.kind: grid tries every value, and model.dropout, model.l2 have no step",
        ),
        (
            {"tuner": "grid", "model": ["choice", {"kind": "mlp", "dropout": ["float", 0.0, 0.5]}, {"kind": "mlp"}]},
            r"and model\[mlp dropout=0..0.5\].dropout has no step",
        ),
        ({"tuner": "kt_hyperband", "fit": {"epochs": ["int", 5, 50]}}, "fit.epochs: .* must be one number, got 5 to 50"),
        ({"tuner": "kt_random", "execute": {"kind": "here", "generation": 4}}, "execute.generation: kt_random has no gen"),
        ({"tuner": "cmaes", "goals": ["accuracy", "parameters"]}, "tuner.kind: cmaes learns from one goal only"),
        ({"tuner": "kt_bayesian", "goals": ["accuracy", "parameters"]}, "tuner.kind: kt_bayesian learns from one goal only"),
    ],
)
def test_a_tuner_refuses_what_it_cannot_do(asked, sentence):
    with pytest.raises(ConfigError, match=sentence):
        check_tuner(study(**asked))


@pytest.mark.skipif(find_spec("torch") is not None, reason="torch is installed")
def test_a_missing_library_is_named_with_its_extra():
    with pytest.raises(ConfigError, match=r"tuner.kind: gp needs torch, .* pip install 'foldwise\[gp\]'"):
        check_tuner(study("gp"))


@pytest.mark.parametrize("kind", ["random", "grid", "tpe", "cmaes", "nsga2", "qmc", "optuna_random"])
def test_every_tuner_is_made_by_its_name(kind):
    asked = study(kind)
    check_tuner(asked)
    assert asked.space.holds(make_tuner(asked, [Goal("accuracy", "maximize")]).ask(1))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["kt_random", "kt_bayesian", "kt_grid", "kt_hyperband"])
def test_so_is_every_tuner_of_keras_tuner(kind):
    asked = study(kind, fit={"epochs": 9})
    check_tuner(asked)
    params = make_tuner(asked, [Goal("accuracy", "maximize")]).ask(1)
    assert params.pop("tuner.epochs", 1) == 1
    assert asked.space.holds(params)


SMALL = {"data": {"kind": "sklearn", "name": "iris"}, "model": {"kind": "mlp", "units": 8}}


def test_two_small_trials_that_are_proposed_together_train_at_once(monkeypatch):
    plan = plan_study(read_study(SMALL))
    assert is_small(plan)
    assert provenance(plan).generation == 8
    monkeypatch.setattr("foldwise.doors.assemble.usable_cores", lambda: 4)
    assert trials_at_once(plan, threads=1, generation=8) == 2
    assert trials_at_once(plan, threads=1, generation=1) == 1
    assert trials_at_once(plan, threads=2, generation=8) == 1
    monkeypatch.setattr("foldwise.doors.assemble.usable_cores", lambda: 1)
    assert trials_at_once(plan, threads=1, generation=8) == 1


@pytest.mark.parametrize(
    "more",
    [
        {"model": {"kind": "mlp", "units": 4096, "hidden": 2}},
        {"model": {"kind": "tabular"}},
        {"training": {"engine": "keras"}},
        {"budget": {"trial_seconds": 60.0}},
        {"goals": ["accuracy", "training_seconds"]},
    ],
)
def test_other_trials_train_one_after_the_other(monkeypatch, more):
    monkeypatch.setattr("foldwise.doors.assemble.usable_cores", lambda: 4)
    assert trials_at_once(plan_study(read_study({**SMALL, **more})), threads=1, generation=8) == 1

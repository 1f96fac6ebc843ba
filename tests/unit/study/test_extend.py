"""A study whose ranges were edited keeps the trials that still fit."""

import pytest

from foldwise.config.read import read_study
from foldwise.errors import ConfigError
from foldwise.study.extend import check_extension, moved

MLP = {"kind": "mlp", "units": ["int", 4, 64], "dropout": 0.0}


def study(model=None, **more):
    return read_study({"data": {"kind": "sklearn", "name": "iris"}, "study": "mine", "model": model or MLP, **more})


def test_trials_inside_the_new_ranges_are_kept():
    kept = moved(study().recipe, study({**MLP, "units": ["int", 8, 32]}), [(0, {"model.units": 8}), (3, {"model.units": 40})])
    assert kept == {0: {"model.units": 8}}


def test_a_trial_keeps_the_epochs_that_its_tuner_gave_it():
    trials = [(1, {"model.units": 8, "tuner.epochs": 2})]
    assert moved(study().recipe, study({**MLP, "units": ["int", 8, 32]}), trials) == dict(trials)


def test_a_fixed_value_that_is_searched_now_is_a_point_of_its_range():
    new = study({**MLP, "dropout": ["float", 0.0, 0.5], "activation": ["choice", "tanh", "relu"]})
    kept = moved(study().recipe, new, [(2, {"model.units": 9})])
    assert kept == {2: {"model.units": 9, "model.dropout": 0.0, "model.activation": "relu"}}


def test_a_range_that_became_a_value_keeps_the_trials_with_that_value():
    kept = moved(study().recipe, study({**MLP, "units": 9}), [(0, {"model.units": 9}), (1, {"model.units": 10})])
    assert kept == {0: {}}


def test_a_model_that_becomes_one_of_two_options_keeps_its_trials():
    other = {"kind": "layers", "layers": [{"kind": "Dense", "units": ["int", 4, 9]}]}
    new = study(["choice", other, {"kind": "mlp", "units": ["int", 4, 16]}])
    old = study({"kind": "mlp", "units": ["int", 4, 64]})
    kept = moved(old.recipe, new, [(0, {"model.units": 12}), (1, {"model.units": 17})])
    assert kept == {0: {"model": "mlp", "model.mlp.units": 12}}
    back = moved(new.recipe, old, [(0, kept[0]), (1, {"model": "layers", "model.layers.layers.0.units": 5})])
    assert back == {0: {"model.units": 12}}


def test_implicit_defaults_are_compared_too():
    plain = study({"kind": "mlp", "units": ["int", 4, 64]})
    assert moved(plain.recipe, study({"kind": "mlp", "units": 8, "dropout": 0.2}), [(0, {"model.units": 8})]) == {}
    assert moved(study(fit={"epochs": 7}).recipe, study(), [(0, {"model.units": 8})]) == {}


@pytest.mark.parametrize("change", [{"seed": 3}, {"folds": {"count": 4}}, {"goal": {"metric": "f1"}}])
def test_only_ranges_may_differ(change):
    with pytest.raises(ConfigError, match="extend: 'mine' can only be extended by other ranges and tuners"):
        check_extension(study().recipe, study(**change))
    check_extension(study().recipe, study({**MLP, "units": 3}, tuner="random"))

"""Recipes as dotted keys: fixed values, ranges, and the values of a trial."""

from foldwise.config.flattened import fixed_values, ranges_in, values_at

INNER = {"kind": "layers", "layers": [{"kind": "Dense", "units": ["int", 4, 64]}]}
RECIPE = {
    "seed": 3,
    "model": {"kind": "mlp", "units": ["int", 16, 64, {"default": 32}], "activation": "relu"},
    "fit": {"optimizer": ["choice", {"kind": "sgd", "learning_rate": ["float", 0.1, 1.0]}, "adam"], "epochs": 4},
    "data": {"kinds": {}},
}


def test_fixed_values_are_those_that_no_trial_changes():
    assert fixed_values(RECIPE) == {
        "seed": 3,
        "model.kind": "mlp",
        "model.activation": "relu",
        "fit.epochs": 4,
        "data.kinds": {},
    }


def test_ranges_are_as_they_were_written():
    found = ranges_in(RECIPE)
    assert list(found) == ["model.units", "fit.optimizer"]
    assert found["model.units"] == ["int", 16, 64, {"default": 32}]
    assert ranges_in({"model": INNER}) == {"model.layers.0.units": ["int", 4, 64]}
    assert fixed_values({"model": INNER}) == {"model.kind": "layers", "model.layers": INNER["layers"]}


def test_the_values_of_a_trial_replace_ranges():
    params = {"model.units": 48, "fit.optimizer": "sgd", "fit.optimizer.sgd.learning_rate": 0.5}
    found = values_at(RECIPE, params)
    assert found["model.units"] == 48
    assert found["fit.optimizer.kind"] == "sgd"
    assert found["fit.optimizer.learning_rate"] == 0.5
    assert values_at(RECIPE)["model.units"] == 32

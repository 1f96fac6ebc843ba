import pytest

from foldwise.config.template import split

pytestmark = pytest.mark.slow  # KerasTuner imports TensorFlow

SPACE = split(
    {
        "dropout": ["float", 0.0, 0.5, {"step": 0.1}],
        "rate": ["float", 1e-4, 1e-1, {"log": True}],
        "every": ["int", 5, 25, {"step": 5}],
        "units": ["int", 1, 64, {"log": True}],
        "mixed": ["choice", True, 1, 1.0, None, {"default": 1.0}],
        "model": [
            "choice",
            {"kind": "a", "n": ["int", 1, 3]},
            {"kind": "b", "head": ["choice", {"kind": "c", "m": ["int", 1, 2]}, "d"]},
        ],
    }
)[1]


def test_a_point_survives_the_round_trip():
    from foldwise.tuning.keras_tuner_space import params_of, values_of
    from foldwise.tuning.random_tuner import RandomTuner

    for number in range(40):
        params = RandomTuner(SPACE, 1).ask(number)
        back = params_of(SPACE, values_of(SPACE, params))
        assert back == params
        assert [type(value) for value in back.values()] == [type(value) for value in params.values()]


def test_every_range_is_there_with_its_default_and_its_condition():
    from foldwise.tuning.keras_tuner_space import hyperparameters, params_of

    found = hyperparameters(SPACE)
    assert [hp.name for hp in found.space] == [name for name, _ in SPACE.walk()]
    assert params_of(SPACE, found.values) == SPACE.defaults()
    inner = next(hp for hp in found.space if hp.name == "model.b.head.c.m")
    assert [(condition.name, condition.values) for condition in inner.conditions] == [("model", ["1"]), ("model.b.head", ["0"])]


def test_no_value_is_lost_or_beyond_the_end():
    from foldwise.tuning.keras_tuner_space import hyperparameters, params_of

    found = {hp.name: hp for hp in hyperparameters(SPACE).space}
    ends = {name: [hp.prob_to_value(0.0), hp.prob_to_value(1.0)] for name, hp in found.items()}
    assert found["units"].prob_to_value(1.0) == 65  # an off-by-one error of KerasTuner
    for place, expected in enumerate(({"dropout": 0.0, "every": 5, "units": 1}, {"dropout": 0.5, "every": 25, "units": 64})):
        params = params_of(SPACE, {name: values[place] for name, values in ends.items()})
        assert {name: params[name] for name in expected} == expected

"""A schedule that is a function of the user's own."""

import math

import pytest

from foldwise.api import _request
from foldwise.config.read import identity_hash, read_study, trial_at
from foldwise.doors.compose import compose_study
from foldwise.errors import ConfigError
from foldwise.spec.python_value import functions_in
from foldwise.training.schedule import check_schedule, rates_for


def halving(epoch, lr):
    return lr if epoch < 2 else lr / 2


def alone(epoch):
    return 0.1 / (1 + epoch)


def falling(epoch, rate, decay=0.1, *, least=0.0):
    return max(least, rate * (1 - decay))


def by_epoch(epoch, decay=0.5):
    return 1 / (1 + decay * epoch)


def usual(epoch, lr=0.3):
    return lr


def nothing(): ...


def needing(epoch, rate, factor): ...


def _study(**schedule):
    values = {"lr_schedule": {"kind": "python", **schedule}}
    return read_study(_request(["data=iris", "fit.optimizer.learning_rate=0.8", "fit.epochs=4"], None, None, values).config)


def _rates(epochs=4, **schedule):
    rates = rates_for(_study(**schedule).corners[0].lr_schedule, 0.8, epochs)
    return [rates.rate(epoch) for epoch in range(epochs)]


def test_it_gets_the_epoch_and_the_rate_of_the_epoch_before():
    assert _rates(schedule=halving) == [0.8, 0.8, 0.4, 0.2]
    assert _rates(schedule=alone) == pytest.approx([0.1, 0.05, 0.1 / 3, 0.025])
    assert _rates(schedule=falling, decay=0.5, least=0.15) == pytest.approx([0.4, 0.2, 0.15, 0.15])
    assert _rates(schedule=by_epoch) == pytest.approx([1, 1 / 1.5, 1 / 2, 1 / 2.5])
    assert _rates(schedule=usual) == [0.8] * 4


def halved_every_ten(epoch, lr0=0.1):
    return lr0 * 0.5 ** math.floor((1 + epoch) / 10)


def time_based(epoch, lr0=0.1, decay=0.001):
    return lr0 / (1 + decay * epoch)


@pytest.mark.parametrize(
    ("function", "named"),
    [(halved_every_ten, {"kind": "drop"}), (time_based, {"kind": "time_based", "decay": 0.001})],
)
def test_the_formulas_of_a_course_give_the_rates_of_the_schedules_of_these_names(function, named):
    asked = {**named, "warmup": 0}
    by_name = read_study({"data": {"kind": "sklearn", "name": "iris"}, "lr_schedule": asked}).corners[0].lr_schedule
    rates = rates_for(by_name, 0.1, 40)
    assert _rates(40, schedule=function) == pytest.approx([rates.rate(epoch) for epoch in range(40)])


def test_its_arguments_can_be_ranges():
    study = _study(schedule=falling, decay=["float", 0.0, 0.5])
    spec = trial_at(study, {**study.space.defaults(), "lr_schedule.decay": 0.5}).lr_schedule
    assert spec.arguments == {"decay": 0.5}


@pytest.mark.slow
def test_the_rates_are_those_of_keras_s_scheduler(tensorflow_started):
    import keras

    for function in (halving, alone):
        network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        network.compile(keras.optimizers.SGD(0.8), "mse")
        callback = keras.callbacks.LearningRateScheduler(function)
        callback.set_model(network)
        found = []
        for epoch in range(4):
            callback.on_epoch_begin(epoch)
            found.append(float(network.optimizer.learning_rate))
        assert found == pytest.approx(_rates(schedule=function), rel=1e-6)


def test_a_recipe_holds_its_name_and_a_hash_of_its_source():
    study = _study(schedule=halving)
    assert list(functions_in([study.recipe["lr_schedule"]])) == ["halving"]
    assert identity_hash(study.recipe) == identity_hash(_study(schedule=halving).recipe)
    assert identity_hash(study.recipe) != identity_hash(_study(schedule=alone).recipe)


def test_schedules_can_be_a_choice():
    options = ["choice", "cosine", {"kind": "python", "schedule": falling, "decay": ["float", 0.1, 0.2]}]
    study = read_study(_request(["data=iris"], None, None, {"lr_schedule": options}).config)
    assert "lr_schedule.python.decay" in {name for name, _ in study.space.walk()}


@pytest.mark.parametrize(
    ("schedule", "sentence"),
    [
        ({"schedule": nothing}, "lr_schedule: nothing must take the epoch and perhaps the rate, as def nothing(epoch, rate)"),
        ({"schedule": needing}, "lr_schedule: factor must be given: needing has no default for it"),
        ({"schedule": falling, "decai": 1}, "lr_schedule: falling has no argument decai that can be set, did you mean decay?"),
        ({"schedule": falling, "rate": 1}, "lr_schedule: falling has no argument rate that can be set"),
        ({"schedule": lambda epoch: 1}, "lr_schedule.schedule: must be a function written with def"),
        ({"schedule": "step"}, "lr_schedule: kind python takes your own function of epoch and rate, and only from Python"),
        ({"schedule": ["choice", halving, alone]}, "is one between schedules, ['choice', {'kind': 'python', 'schedule': f}"),
    ],
)
def test_each_error_is_a_sentence(schedule, sentence):
    with pytest.raises(ConfigError) as caught:
        _study(**schedule)
    assert sentence in str(caught.value)


@pytest.mark.parametrize("words", [["lr_schedule=python"], ["lr_schedule.kind=python"], ["lr_schedule={kind: python}"]])
def test_a_shell_has_no_functions(words):
    with pytest.raises(ConfigError, match=r"your own function.*and only from Python: foldwise\.tune\(lr_schedule="):
        read_study(compose_study(["data=iris", *words]))


def test_a_model_of_a_function_is_refused_by_its_word_too():
    with pytest.raises(
        ConfigError, match=r"only from Python: foldwise\.tune\(model=\{'kind': 'python', 'build': my_function\}\)"
    ):
        compose_study(["data=iris", "model=python"])


def raising(epoch, rate):
    raise KeyError("x")


def negative(epoch, rate):
    return 1 - epoch


def empty(epoch, rate): ...


def text(epoch, rate):
    return "0.1"


def infinite(epoch, rate):
    return float("inf")


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (raising, "raising raised KeyError for epoch 0 and rate 0.8"),
        (negative, "negative must return a rate >= 0, got -1 for epoch 2"),
        (empty, "empty must return a number for epoch 0, got a NoneType"),
        (text, "got a str; write float(...) around it"),
        (infinite, "got inf for epoch 0"),
    ],
)
def test_what_it_returns_is_checked_for_every_epoch_before_a_study_begins(function, sentence):
    trial = _study(schedule=function).corners[0]
    with pytest.raises(ConfigError, match=r"lr_schedule\.schedule: ") as caught:
        check_schedule(trial)
    assert sentence in str(caught.value)

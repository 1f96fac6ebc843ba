"""KerasTuner's `hp`: ranges are found by asking, and answers are a trial's values."""

import pytest

from foldwise.config.template import read_range
from foldwise.errors import ConfigError
from foldwise.models.hyperparameters import HyperParameters, ranges_of

pytest.importorskip("keras_tuner")


def _build(hp):
    made = [hp.Int("units", 8, 64, step=8), hp.Choice("activation", ["relu", "tanh"], default="tanh")]
    made += [hp.Float(f"rate_{layer}", 0.0, 0.5) for layer in range(hp.Int("layers", 1, 3))]
    if hp.Boolean("batch"):
        with hp.conditional_scope("batch", [True]):
            made.append(hp.Float("momentum", 1e-3, 1e-1, sampling="log", default=0.01))
    return [*made, hp.Fixed("size", 3), hp.get("units"), hp["layers"], "batch" in hp]


def test_all_ranges_are_found_also_those_that_only_some_values_ask_for():
    found = ranges_of(_build)
    assert found["units"] == ["int", 8, 64, {"default": 8, "step": 8}]
    assert found["activation"] == ["choice", "relu", "tanh", {"default": "tanh"}]
    assert found["batch"] == ["choice", False, True, {"default": False}]
    assert found["momentum"] == ["float", 1e-3, 1e-1, {"default": 0.01, "log": True}]
    assert {"rate_0", "rate_1", "rate_2"} < set(found)
    assert "size" not in found
    for name, range_ in found.items():
        read_range(list(range_), name)


def test_its_answers_are_those_of_keras_tuner():
    from keras_tuner import HyperParameters as Theirs

    assert _build(HyperParameters({})) == _build(Theirs())
    values = {"units": 24, "layers": 2, "batch": True}
    theirs = Theirs()
    _build(theirs)  # so that it knows the names
    theirs.values.update(values)
    assert _build(HyperParameters(values)) == _build(theirs)


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda hp: hp.Int("a b", 1, 2), "hp has the name 'a b'"),
        (lambda hp: hp.name_scope("x").__enter__(), "write whole names"),
    ],
)
def test_what_is_not_taken_is_refused_in_a_sentence(build, sentence):
    with pytest.raises(ConfigError, match=sentence):
        ranges_of(build)

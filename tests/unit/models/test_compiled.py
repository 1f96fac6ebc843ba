"""What is used of a compiled network is said; what a search cannot use is replaced or refused."""

import pytest

from foldwise.errors import ConfigError
from foldwise.spec.function import FunctionSpec
from foldwise.spec.python_value import PythonFunction

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tensorflow_started")]


def plain(inputs, head):
    import keras

    return keras.Sequential([keras.Input((inputs,)), keras.layers.Dense(head.units, head.activation)])


def of_sgd(inputs, head):
    made = plain(inputs, head)
    made.compile("sgd", loss="sparse_categorical_crossentropy", metrics=["accuracy", "AUC"])
    return made


def own_loss(inputs, head):
    def mine(truth, answer):
        return truth - answer

    made = plain(inputs, head)
    made.compile("adam", loss=mine)
    return made


def logits(inputs, head):
    import keras

    made = plain(inputs, head)
    made.compile("adam", loss=keras.losses.CategoricalCrossentropy(from_logits=True))
    return made


def of_hp(hp):
    import keras

    made = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(3, "softmax")])
    made.compile(keras.optimizers.RMSprop(hp.Float("rate", 0.1, 0.2)), loss="categorical_crossentropy")
    return made


def _said(function):
    from foldwise.models.heads import Head
    from foldwise.models.try_out import try_out

    spec = FunctionSpec(kind="python", build=PythonFunction(function))
    return try_out(spec, 4, Head(3, "softmax", "categorical_crossentropy", "multiclass"), optimizer="adam")


def test_a_network_that_is_not_compiled_says_nothing():
    assert _said(plain) is None


@pytest.mark.parametrize(
    ("function", "parts"),
    [
        (of_sgd, ["its loss sparse_categorical_crossentropy is used", "SGD is replaced by fit.optimizer=adam"]),
        (of_sgd, ["its metrics (accuracy, auc) are replaced by those of the task"]),
        (own_loss, ["its loss mine is replaced by categorical_crossentropy", "Adam is replaced"]),
        (of_hp, ["RMSprop is replaced by fit.optimizer=adam, so ranges that only it uses change nothing"]),
    ],
)
def test_each_part_is_named_as_used_or_replaced(function, parts):
    said = _said(function)
    assert said.startswith(f"{function.__name__} returns a compiled network: its layers are used; ")
    for part in parts:
        assert part in said, said


def test_only_the_layers_are_kept():
    from foldwise.models.function import from_function
    from foldwise.models.heads import Head

    spec = FunctionSpec(kind="python", build=PythonFunction(of_sgd))
    made = from_function(spec, 4, Head(3, "softmax", "categorical_crossentropy", "multiclass"), 0)
    assert not made.compiled
    assert made.count_params() == 15


def test_a_loss_of_logits_is_refused():
    with pytest.raises(ConfigError, match="logits compiles its network with from_logits=True, but answers are probabilities"):
        _said(logits)

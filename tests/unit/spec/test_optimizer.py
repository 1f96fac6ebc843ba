"""The table of optimizers, compared with the installed Keras."""

import inspect

import pytest
from pydantic import ValidationError

from foldwise.spec.optimizer import COMMON, OPTIMIZERS, OptimizerSpec

BASE = {"learning_rate", "use_ema", "ema_momentum", "ema_overwrite_frequency", "loss_scale_factor"}
BASE |= {"gradient_accumulation_steps", "name", "kwargs", "self", "weight_decay", "clipnorm", "clipvalue", "global_clipnorm"}


@pytest.fixture(scope="module")
def keras(tensorflow_started):
    import keras

    return keras


@pytest.mark.slow
@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_parameters_and_their_defaults_are_keras_s(keras, kind):
    name, rate, parameters = OPTIMIZERS[kind]
    signature = inspect.signature(getattr(keras.optimizers, name).__init__).parameters
    assert signature["learning_rate"].default == rate
    assert {key: signature[key].default for key in signature if key not in BASE} == parameters
    assert set(COMMON) <= set(signature)


@pytest.mark.slow
def test_no_optimizer_of_keras_is_left_out(keras):
    known = {name for name, _, _ in OPTIMIZERS.values()}
    # bases and wrappers; Muon is for matrices only, ScheduleFreeAdamW does without the schedules that we have
    others = {"Optimizer", "LossScaleOptimizer", "MultiOptimizer", "Muon", "ScheduleFreeAdamW"}
    found = {
        name for name, part in vars(keras.optimizers).items()
        if inspect.isclass(part) and issubclass(part, keras.optimizers.Optimizer)
    }  # fmt: skip
    assert found - others == known


def test_an_unknown_parameter_is_refused_with_a_proposal():
    with pytest.raises(ValidationError, match="sgd has no parameter momentun, did you mean momentum"):
        OptimizerSpec(kind="sgd", momentun=0.9)


@pytest.mark.parametrize("kind", ["sgd", "adam"])
def test_the_older_notation_of_a_decay_is_answered_with_the_schedule_that_replaced_it(kind):
    with pytest.raises(ValidationError, match=f"{kind} has no parameter decay.*lr_schedule=time_based lr_schedule.decay=1e-06"):
        OptimizerSpec(kind=kind, decay=1e-6)


@pytest.mark.parametrize(
    ("kind", "name", "value"), [("sgd", "momentum", 1.0), ("adam", "epsilon", 0), ("adam", "beta_1", True)]
)
def test_a_value_out_of_its_bounds_is_refused(kind, name, value):
    with pytest.raises(ValidationError, match=name):
        OptimizerSpec(kind=kind, **{name: value})


def test_only_one_way_of_clipping_can_be_set():
    with pytest.raises(ValidationError, match="only one of"):
        OptimizerSpec(kind="adam", clipnorm=1.0, clipvalue=1.0)


def test_the_rate_is_keras_s_unless_set():
    assert OptimizerSpec(kind="sgd").rate == pytest.approx(0.01)
    assert OptimizerSpec(kind="sgd", learning_rate=0.5).rate == pytest.approx(0.5)

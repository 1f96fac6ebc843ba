"""What early stopping can follow, and callbacks before Keras is imported."""

import pytest

from foldwise.api import _request
from foldwise.config.read import identity_hash, read_study
from foldwise.errors import ConfigError
from foldwise.spec.fit import MONITORS, EarlyStop
from foldwise.training.engine_rule import why_not_fused


def _study(*words, **values):
    return read_study(_request(["data=iris", *words], None, None, values).config)


def test_the_direction_follows_from_the_monitored_value():
    assert {name: EarlyStop(monitor=name).sign for name in MONITORS} == {
        "val_loss": 1, "loss": 1, "val_accuracy": -1, "accuracy": -1, "val_mae": 1, "mae": 1,
        "val_mean_iou": -1, "mean_iou": -1,
    }  # fmt: skip


def test_the_smallest_gain_of_an_error_is_in_the_unit_of_the_target():
    assert EarlyStop(monitor="val_mae", min_delta=0.5).least_gain(10.0) == pytest.approx(0.05)
    assert EarlyStop(monitor="val_loss", min_delta=0.5).least_gain(10.0) == 0.5


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("val_acc", "'val_acc' is not followed during training, did you mean val_accuracy?"),
        ("acc", "did you mean accuracy?"),
        ("val_los", "did you mean val_loss?"),
        ("val-loss", "did you mean val_loss?"),
        ("val_mean_absolute_error", "did you mean val_mae?"),
        (
            "val_f1",
            "'val_f1' is not followed during training; followed are val_loss, loss, val_accuracy, accuracy, val_mae, mae",
        ),
        ("val_mse", "; followed are val_loss"),
        ("nonsense", "; followed are val_loss"),
    ],
)
def test_a_word_that_is_not_followed_gets_a_proposal(name, sentence):
    with pytest.raises(ConfigError, match=r"fit\.early_stop\.monitor: ") as caught:
        _study(f"fit.early_stop.monitor={name}")
    assert sentence in str(caught.value)


def stopper(): ...


def following(fold, trial=0, path="log"): ...


def needing(model): ...


class Stopper:
    def __init__(self): ...


def test_callbacks_are_functions_and_part_of_the_study():
    study = _study(fit={"callbacks": [stopper, following]})
    assert [function.name for function in study.corners[0].fit.callbacks] == ["stopper", "following"]
    assert [record["function"] for record in study.recipe["fit"]["callbacks"]] == ["stopper", "following"]
    assert identity_hash(study.recipe) != identity_hash(_study().recipe)
    assert study.corners[0].fit.callbacks[1].called_with({"fold": 1, "trial": 2}) is None


def test_without_callbacks_the_study_is_the_same_as_before_there_were_any():
    recipe = _study().recipe
    without = {**recipe, "fit": {key: value for key, value in recipe["fit"].items() if key != "callbacks"}}
    assert identity_hash(without) == identity_hash(recipe)


def test_callbacks_train_fold_by_fold():
    trial = _study(fit={"callbacks": [stopper]}).corners[0]
    assert why_not_fused(trial.model, trial.fit) == "callbacks of your own run fold by fold"


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ([needing], "fit.callbacks: needing needs model, but only trial and fold are passed; give it a default"),
        ([Stopper], "must be a function written with def, got Stopper; write def make(): return Stopper() and pass make"),
        ([Stopper()], "takes your own functions, and only from Python"),
        (["EarlyStopping"], "takes your own functions, and only from Python"),
        (["choice", stopper, following], "callbacks cannot be searched; pass a list of functions"),
    ],
)
def test_each_wrong_callback_is_a_sentence(values, sentence):
    with pytest.raises(ConfigError, match=r"fit\.callbacks") as caught:
        _study(fit={"callbacks": values})
    assert sentence in str(caught.value)


def test_a_shell_has_no_callbacks():
    with pytest.raises(ConfigError, match=r"in a shell use fit\.early_stop and lr_schedule"):
        _study("fit.callbacks=[EarlyStopping]")

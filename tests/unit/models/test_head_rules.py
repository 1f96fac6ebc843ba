import re

import pytest

from foldwise.errors import ConfigError
from foldwise.models.head_rules import activation_and_loss, check_head
from foldwise.spec.fit import LOSSES, EarlyStop, FitSpec
from foldwise.spec.model import MlpSpec
from foldwise.spec.prep import PrepSpec
from foldwise.spec.trial import TrialSpec


def _trial(loss="auto", output="auto", target="standard"):
    return TrialSpec(prep=PrepSpec(target=target), model=MlpSpec(output_activation=output), fit=FitSpec(loss=loss))


@pytest.mark.parametrize(
    ("monitor", "task", "proposal"),
    [("val_accuracy", "regression", "val_mae"), ("mae", "binary", "accuracy"), ("val_mae", "multiclass", "val_accuracy")],
)
def test_a_monitor_of_another_task_is_refused_with_the_one_that_suits(monitor, task, proposal):
    stop = EarlyStop(monitor=monitor)
    sentence = rf"fit\.early_stop\.monitor: {monitor} is not defined for a {task} task; use {proposal} or val_loss"
    with pytest.raises(ConfigError, match=sentence):
        check_head(task, TrialSpec(fit=FitSpec(early_stop=stop)))
    check_head("regression" if task != "regression" else "binary", TrialSpec(fit=FitSpec(early_stop=stop)))


@pytest.mark.parametrize(("loss", "task"), [(loss, task) for loss, tasks in LOSSES.items() for task in tasks])
def test_every_loss_suits_the_tasks_it_is_listed_for(loss, task):
    check_head(task, _trial(loss, target="none"))


@pytest.mark.parametrize(
    ("loss", "task"),
    [(loss, task) for loss, tasks in LOSSES.items() for task in ("binary", "multiclass", "regression") if task not in tasks],
)
def test_a_loss_of_another_task_is_refused_with_those_that_suit(loss, task):
    rule = re.escape(f"fit.loss: {loss} does not suit a {task} task; use auto or one of")
    with pytest.raises(ConfigError, match=rule) as caught:
        check_head(task, _trial(loss))
    assert caught.value.key == "fit.loss"


@pytest.mark.parametrize(
    ("task", "output", "loss"),
    [
        ("binary", "softmax", "auto"),
        ("binary", "linear", "auto"),
        ("binary", "tanh", "binary_focal"),
        ("multiclass", "linear", "auto"),
        ("multiclass", "tanh", "kl_divergence"),
        ("regression", "sigmoid", "auto"),
        ("regression", "softmax", "mae"),
        ("regression", "linear", "poisson"),
    ],
)
def test_an_output_that_means_nothing_is_refused(task, output, loss):
    with pytest.raises(ConfigError, match=r"model\.output_activation: .*use auto"):
        check_head(task, _trial(loss, output, target="none"))


@pytest.mark.parametrize("loss", ["mape", "msle", "poisson"])
def test_losses_of_a_ratio_need_the_target_in_its_own_unit(loss):
    with pytest.raises(ConfigError, match=r"fit\.loss: .* set prep\.target=none"):
        check_head("regression", _trial(loss))


def test_auto_takes_the_usual_output():
    usual = {task: activation_and_loss(task, MlpSpec(), FitSpec()) for task in ("binary", "multiclass", "regression")}
    assert usual == {
        "binary": ("sigmoid", "binary_crossentropy"),
        "multiclass": ("softmax", "categorical_crossentropy"),
        "regression": ("linear", "mse"),
    }


@pytest.mark.parametrize("threshold", ["auto", 0.3])
def test_a_threshold_is_for_two_labels(threshold):
    trial = TrialSpec(fit=FitSpec(threshold=threshold))
    check_head("binary", trial)
    for task in ("multiclass", "regression"):
        with pytest.raises(ConfigError, match=rf"fit\.threshold: decides between two labels, and the task is {task}"):
            check_head(task, trial)


@pytest.mark.parametrize(
    ("task", "loss"),
    [("regression", "auto"), ("multiclass", "mse"), ("binary", "hinge"), ("segmentation", "auto"), ("detection", "auto")],
)
def test_labels_are_smoothed_only_by_losses_that_can(task, loss):
    use = {
        "binary": ", or use binary_crossentropy or binary_focal",
        "multiclass": ", or use categorical_crossentropy or categorical_focal",
    }.get(task, "")
    with pytest.raises(ConfigError, match=f"does not smooth labels; leave it at 0{use}$") as caught:
        check_head(task, TrialSpec(fit=FitSpec(loss=loss, label_smoothing=0.1)))
    assert caught.value.key == "fit.label_smoothing"


@pytest.mark.parametrize(("task", "loss"), [("binary", "auto"), ("multiclass", "categorical_focal")])
def test_labels_are_smoothed_by_cross_entropies(task, loss):
    check_head(task, TrialSpec(fit=FitSpec(loss=loss, label_smoothing=0.1)))

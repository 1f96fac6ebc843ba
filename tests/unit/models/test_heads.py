import numpy as np
import pytest

from foldwise.data.preparation.target_scale import TargetScale
from foldwise.models.heads import Head, head_for, label_codes, to_predictions
from foldwise.spec.fit import FitSpec
from foldwise.spec.model import MlpSpec


@pytest.mark.parametrize(
    ("task", "head"),
    [
        ("binary", Head(1, "sigmoid", "binary_crossentropy", "binary")),
        ("multiclass", Head(3, "softmax", "categorical_crossentropy", "multiclass")),
        ("regression", Head(1, "linear", "mse", "regression")),
    ],
)
def test_the_head_follows_the_task(task, head):
    assert head_for(task, 3, MlpSpec(), FitSpec()) == head


def test_loss_and_output_activation_can_be_set():
    assert head_for("regression", 0, MlpSpec(output_activation="tanh"), FitSpec(loss="mae")).activation == "tanh"
    assert head_for("binary", 2, MlpSpec(), FitSpec(loss="hinge")) == Head(1, "tanh", "hinge", "binary")


def test_a_sigmoid_is_the_probability_of_the_second_label():
    head = Head(1, "sigmoid", "binary_crossentropy", "binary")
    np.testing.assert_allclose(to_predictions(head, [[0.2], [0.9]]), [[0.8, 0.2], [0.1, 0.9]])


def test_a_margin_of_zero_is_undecided_and_beyond_one_is_certain():
    head = Head(1, "linear", "hinge", "binary")
    np.testing.assert_allclose(to_predictions(head, [[0.0], [7.0], [-7.0], [0.5]])[:, 1], [0.5, 1.0, 0.0, 0.75])


def test_without_a_hinge_a_linear_output_is_the_probability_itself():
    head = Head(1, "linear", "mse", "binary")
    np.testing.assert_allclose(to_predictions(head, [[0.4], [1.2]])[:, 1], [0.4, 1.0])


@pytest.mark.parametrize("activation", ["softmax", "sigmoid", "tanh", "linear"])
def test_probabilities_sum_to_one_and_keep_the_order_of_the_outputs(activation):
    outputs = np.random.default_rng(0).uniform(0.01 if activation in ("softmax", "sigmoid") else -1, 1, (50, 4))
    probabilities = to_predictions(Head(4, activation, "mse", "multiclass"), outputs)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert probabilities.min() >= 0
    np.testing.assert_array_equal(probabilities.argsort(axis=1), outputs.argsort(axis=1))


def test_if_every_unit_gives_zero_all_labels_are_equally_likely():
    head = Head(4, "sigmoid", "mse", "multiclass")
    np.testing.assert_allclose(to_predictions(head, np.zeros((1, 4))), np.full((1, 4), 0.25))


def test_large_linear_outputs_do_not_overflow():
    head = Head(2, "linear", "mse", "multiclass")
    np.testing.assert_allclose(to_predictions(head, [[1e5, 0.0]]), [[1.0, 0.0]])


def test_a_target_comes_back_in_its_own_unit():
    head = Head(1, "linear", "mse", "regression")
    np.testing.assert_allclose(to_predictions(head, [[1.0], [-2.0]], TargetScale(10.0, 3.0)), [13.0, 4.0])


def test_of_two_labels_the_threshold_decides_and_of_more_the_most_probable():
    two = np.array([[0.5, 0.5], [0.4, 0.6], [0.6, 0.4]])
    assert label_codes(two).tolist() == two.argmax(axis=1).tolist() == [0, 1, 0]
    assert label_codes(two, 0.3).tolist() == [1, 1, 1]
    assert label_codes(two, np.array([0.3, 0.7, 0.39])).tolist() == [1, 0, 1]
    assert label_codes(np.array([[0.3, 0.3, 0.4]]), 0.9).tolist() == [2]


BINARY = [Head(1, "sigmoid", "binary_crossentropy", "binary"), Head(1, "tanh", "hinge", "binary")]
SEVERAL = [Head(3, activation, "mse", "multiclass") for activation in ("softmax", "sigmoid", "linear", "tanh")]
NUMBER = Head(1, "linear", "mse", "regression")


@pytest.mark.parametrize(
    ("head", "target"),
    [
        *((head, TargetScale()) for head in (*BINARY, *SEVERAL)),
        *((NUMBER, target) for target in (TargetScale(3.0, 2.0), TargetScale(log=True), TargetScale(low=-1.0, high=1.0))),
    ],
)
def test_outputs_are_averaged_only_where_that_averages_the_predictions(head, target):
    raw = np.random.default_rng(0).normal(size=(2, 50, head.units))
    if head.activation == "sigmoid":
        raw = 1 / (1 + np.exp(-raw))
    elif head.activation == "softmax":
        raw = np.exp(raw) / np.exp(raw).sum(axis=2, keepdims=True)
    elif head.activation == "tanh":
        raw = np.tanh(raw)
    of_mean = to_predictions(head, raw.mean(axis=0), target)
    mean = np.mean([to_predictions(head, one, target) for one in raw], axis=0)
    same = np.allclose(of_mean, mean)
    assert head.averages(target) <= same
    assert head.averages(target) == (same and not head.is_margin)

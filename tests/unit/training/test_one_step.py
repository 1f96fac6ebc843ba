"""A step taken apart equals the lecture's formulas, and recording it changes no bit of the training."""

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.training import lecture

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tensorflow_started")]

EPOCHS, BATCH = 3, 16  # of 60 rows: 4 steps an epoch, the last of 12 rows
MOMENTUM = {"kind": "sgd", "learning_rate": 0.1, "momentum": 0.9}
CASES = {
    "softmax, momentum": ("fused", "multiclass", {"hidden": 2, "units": [5, 4], "activation": "tanh"}, MOMENTUM),
    "linear, adam": ("fused", "regression", {"units": 6}, {"kind": "adam", "learning_rate": 0.05}),
    "sigmoid, rmsprop": ("fused", "binary", {"units": 4, "activation": "sigmoid"}, {"kind": "rmsprop", "learning_rate": 0.05}),
    "sigmoid, dropout": ("fused", "binary", {"units": [7, 6], "hidden": 2, "dropout": 0.4}, {"kind": "sgd"}),
    "layers of their own": (
        "fused",
        "multiclass",
        {
            "units": 6,
            "hidden": 3,
            "activation": ["tanh", "relu", "sigmoid"],
            "dropout": [0.3, 0.0, 0.2],
            "l2": [0.1, 0.0, 0.01],
        },
        {"kind": "adam", "learning_rate": 0.05},
    ),
    "softmax alone, keras": ("keras", "multiclass", {"hidden": 0}, {"kind": "adam", "learning_rate": 0.05}),
    "linear, keras": (
        "keras",
        "regression",
        {"units": 5, "activation": "tanh", "dropout": 0.3},
        {**MOMENTUM, "nesterov": True},
    ),
}
LOSS = {"multiclass": "categorical_crossentropy", "binary": "binary_crossentropy", "regression": "mse"}


@pytest.fixture
def trained(fold, training):
    """Trains two folds with a recorder of the second; gives the training, the fold, the recorder and the fits."""
    from foldwise.spec.fit import FitSpec
    from foldwise.spec.model import MlpSpec
    from foldwise.training.engines import engine_for
    from foldwise.training.recorder import Recorder

    def run(engine, task, model, optimizer, step, wanted=range(EPOCHS + 1)):
        fit = FitSpec.model_validate({"epochs": EPOCHS, "batch_size": BATCH, "optimizer": optimizer})
        asked = training(task, model=MlpSpec.model_validate(model), fit=fit, seed=5, number=3)
        folds = [fold(task, seed=1, rows=50), fold(task, seed=2)]
        recorder = Recorder(1, step, frozenset(wanted))
        fits = list(engine_for(engine, "tensorflow")(replace(asked, recorder=recorder), enumerate(folds)))
        return asked, folds, recorder, fits

    return run


@pytest.mark.parametrize("name", CASES)
def test_a_step_is_the_lectures(trained, name):
    from foldwise.training.engines import engine_for
    from foldwise.training.one_step import take_apart

    engine, task, _, optimizer = CASES[name]
    asked, folds, recorder, fits = trained(*CASES[name], 7)

    plain = list(engine_for(engine, "tensorflow")(asked, enumerate(folds)))
    for one, other in zip(plain, fits, strict=True):  # bit by bit
        assert one.curves == other.curves
        for mine, recorded in zip(one.weights, other.weights, strict=True):
            np.testing.assert_array_equal(mine, recorded)
    for mine, recorded in zip(fits[1].weights, recorder.weights[EPOCHS], strict=True):
        np.testing.assert_array_equal(mine, recorded)
    assert set(recorder.weights) == {0, 1, 2, 3}

    step = take_apart(asked, folds[1], recorder, fits[1].curves["learning_rate"])
    assert (step.number, step.epoch, step.batch, step.batches) == (7, 2, 3, 4)
    np.testing.assert_array_equal(step.x, folds[1].train_x[step.rows])
    weights = [(kernel.T, bias) for kernel, bias in (layer.before for layer in step.layers)]
    hidden = asked.model.layers
    assert [layer.kept is not None for layer in step.layers] == [*(layer.dropout > 0 for layer in hidden), False]
    kept = [np.ones_like(layer.a) if layer.kept is None else layer.kept for layer in step.layers[:-1]]
    activations, output, loss = [layer.activation for layer in hidden], step.layers[-1].activation, LOSS[task]
    zs, outs = lecture.forward(step.x, weights, activations, output, kept)
    deltas, gradients = lecture.backward(step.x, step.y, weights, zs, outs, activations, loss, kept)
    penalties = [l2 for _, l2 in asked.model.penalties]
    gradients = [(w + 2 * l2 * of[0], b) for (w, b), l2, of in zip(gradients, penalties, weights, strict=True)]
    near = {"rtol": 1e-6, "atol": 1e-6}
    np.testing.assert_allclose(lecture.losses(outs[-1], step.y, loss), step.losses, **near)
    penalty = sum(l2 * (kernel**2).sum() for l2, (kernel, _) in zip(penalties, weights, strict=True))
    assert step.cost == pytest.approx(step.losses.mean() + penalty, rel=1e-6, abs=1e-6)
    for place, layer in enumerate(step.layers):
        np.testing.assert_allclose(layer.z, zs[place], **near)
        np.testing.assert_allclose(layer.a, outs[place], **near)
        np.testing.assert_allclose(layer.delta, deltas[place], **near)
        for part in range(2):
            shown = layer.gradient[part].T
            np.testing.assert_allclose(shown, gradients[place][part], **near)
            slots = {slot: old[part].T for slot, (old, _) in layer.remembered.items()}
            after = lecture.update(
                optimizer["kind"], optimizer, weights[place][part], gradients[place][part], slots, step.rate, 7
            )
            np.testing.assert_allclose(layer.after[part].T, after, **near)  # the engine's own weights
    assert step.apart < 1e-6


@pytest.mark.parametrize("engine", ["fused", "keras"])
def test_the_last_step_of_an_epoch_leads_to_its_weights(trained, engine):
    from foldwise.training.one_step import outputs_of

    case = (engine, "binary", {"units": 4, "dropout": 0.3}, {"kind": "adam"})
    asked, folds, last, fits = trained(*case, 8, wanted=[2])
    assert set(last.weights) == {2}
    _, _, first, _ = trained(*case, 9, wanted=[0])
    for after, at_end, before in zip(last.after.weights, last.weights[2], first.before.weights, strict=True):
        np.testing.assert_array_equal(after, at_end)
        np.testing.assert_array_equal(before, at_end)
    for name, arrays in last.after.slots.items():
        for one, other in zip(arrays, first.before.slots[name], strict=True):
            np.testing.assert_array_equal(one, other)
    assert set(last.after.slots) == {"momentum", "velocity"}
    np.testing.assert_allclose(outputs_of(asked, fits[1].weights, folds[1].valid_x)[:, 0], fits[1].predictions[:, 1], atol=1e-6)


def test_the_first_step_begins_with_the_first_weights_and_an_optimizer_that_remembers_nothing(trained):
    _, _, recorder, _ = trained("fused", "binary", {"units": 4, "l2": 0.1}, {"kind": "adam"}, 1)
    for before, at_start in zip(recorder.before.weights, recorder.weights[0], strict=True):
        np.testing.assert_array_equal(before, at_start)
    assert all((array == 0).all() for arrays in recorder.before.slots.values() for array in arrays)


def test_a_penalty_and_weights_of_rows_are_in_cost_and_gradient(fold, training):
    from foldwise.spec.fit import FitSpec
    from foldwise.spec.model import MlpSpec
    from foldwise.training.engines import engine_for
    from foldwise.training.one_step import take_apart
    from foldwise.training.recorder import Recorder

    l1, l2 = 0.01, 0.1
    fit = FitSpec.model_validate({"epochs": 1, "batch_size": 8, "optimizer": {"kind": "sgd", "learning_rate": 0.1}})
    recorder = Recorder(0, 2, frozenset())
    asked = replace(training("binary", model=MlpSpec(hidden=0, l1=l1, l2=l2), fit=fit), recorder=recorder)
    data = replace(fold("binary", rows=20), train_weight=np.linspace(0.5, 2, 20).astype(np.float32))
    (done,) = engine_for("fused", "tensorflow")(asked, [(0, data)])
    step = take_apart(asked, data, recorder, done.curves["learning_rate"])
    (layer,) = step.layers
    kernel = layer.before[0]
    assert step.penalty == pytest.approx(l1 * np.abs(kernel).sum() + l2 * (kernel**2).sum(), abs=1e-6)
    assert step.cost == pytest.approx((step.losses * step.weight).mean() + step.penalty, abs=1e-6)
    by_hand = step.x.T @ (layer.delta * step.weight[:, None]) / 8 + l1 * np.sign(kernel) + 2 * l2 * kernel
    np.testing.assert_allclose(layer.gradient[0], by_hand, atol=1e-6)
    assert step.apart < 1e-6


def test_what_has_no_written_rule_is_not_compared():
    from foldwise.spec.optimizer import OptimizerSpec
    from foldwise.training.updates import is_written_out

    def known(**options):
        return is_written_out(OptimizerSpec.model_validate(options))

    assert known(kind="sgd", momentum=0.5, nesterov=True)
    assert known(kind="rmsprop", rho=0.5)
    assert known(kind="adam", beta_1=0.5)
    for other in ({"kind": "lamb"}, {"kind": "adamw"}, {"kind": "rmsprop", "momentum": 0.1}, {"kind": "adam", "amsgrad": True}):
        assert not known(**other)
    assert not known(kind="sgd", clipnorm=1.0)

"""Optimizers by the formulas of a course, on one weight with given gradients."""

import numpy as np
import pytest

from foldwise.spec.optimizer import OPTIMIZERS, OptimizerSpec

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tensorflow_started")]
GRADIENTS = [0.5, -0.2, 0.3, 0.1]


def _weights(spec):
    import keras

    from foldwise.training.by_fold.optimizer import optimizer_for

    optimizer, weight, path = optimizer_for(spec), keras.Variable(1.0), []
    for gradient in GRADIENTS:
        optimizer.apply([keras.ops.convert_to_tensor(gradient)], [weight])
        path.append(float(keras.ops.convert_to_numpy(weight)))
    return path


def test_momentum():
    beta, rate = 0.9, 0.1
    weight, velocity, path = 1.0, 0.0, []
    for gradient in GRADIENTS:
        velocity = beta * velocity + (1 - beta) * gradient
        weight -= rate / (1 - beta) * velocity  # Keras leaves the factor 1 - beta to the learning rate
        path.append(weight)
    assert _weights(OptimizerSpec(kind="sgd", learning_rate=rate, momentum=beta)) == pytest.approx(path, rel=1e-5)


def test_a_momentum_of_zero_is_plain_gradient_descent():
    path = np.cumsum([1.0, *(-0.1 * gradient for gradient in GRADIENTS)])[1:]
    assert _weights(OptimizerSpec(kind="sgd", learning_rate=0.1, momentum=0)) == pytest.approx(path, rel=1e-6)


def test_nesterov_looks_ahead():
    beta, rate = 0.9, 0.1
    weight, velocity, path = 1.0, 0.0, []
    for gradient in GRADIENTS:
        velocity = beta * velocity - rate * gradient
        weight += beta * velocity - rate * gradient
        path.append(weight)
    spec = OptimizerSpec(kind="sgd", learning_rate=rate, momentum=beta, nesterov=True)
    assert _weights(spec) == pytest.approx(path, rel=1e-5)


def test_rmsprop():
    beta, rate, epsilon = 0.9, 0.01, 1e-7
    weight, square, path = 1.0, 0.0, []
    for gradient in GRADIENTS:
        square = beta * square + (1 - beta) * gradient**2
        weight -= rate * gradient / (np.sqrt(square) + epsilon)
        path.append(weight)
    assert _weights(OptimizerSpec(kind="rmsprop", learning_rate=rate)) == pytest.approx(path, rel=1e-5)


def test_adam():
    one, two, rate, epsilon = 0.9, 0.999, 0.01, 1e-7
    weight, first, second, path = 1.0, 0.0, 0.0, []
    for step, gradient in enumerate(GRADIENTS, 1):
        first = one * first + (1 - one) * gradient
        second = two * second + (1 - two) * gradient**2
        weight -= rate * (first / (1 - one**step)) / (np.sqrt(second / (1 - two**step)) + epsilon)
        path.append(weight)
    assert _weights(OptimizerSpec(kind="adam", learning_rate=rate)) == pytest.approx(path, rel=1e-5)


def test_adagrad():
    rate, epsilon = 0.1, 1e-7
    weight, square, path = 1.0, 0.1, []
    for gradient in GRADIENTS:
        square += gradient**2
        weight -= rate * gradient / np.sqrt(square + epsilon)
        path.append(weight)
    assert _weights(OptimizerSpec(kind="adagrad", learning_rate=rate)) == pytest.approx(path, rel=1e-5)


@pytest.mark.long
@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_every_optimizer_trains_an_epoch(kind, train, fold, training):
    from foldwise.spec.fit import FitSpec

    before, after = train(training(fit=FitSpec(epochs=2, optimizer=OptimizerSpec(kind=kind))), fold())[0].curves["loss"]
    assert np.isfinite([before, after]).all()
    assert before != after


@pytest.mark.long
@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_a_second_fold_starts_with_fresh_slots(kind, train, fold, training):
    from foldwise.spec.fit import FitSpec

    data, asked = fold(), training(fit=FitSpec(epochs=2, optimizer=OptimizerSpec(kind=kind, learning_rate=0.1)))
    from foldwise.training.by_fold.engine import fit_folds

    alone = next(iter(fit_folds(asked, [(1, data)])))
    after_another = train(asked, [data, data])[1]
    assert alone.curves == after_another.curves


def test_clipping_weight_decay_and_averages_are_passed_on():
    from foldwise.training.by_fold.optimizer import optimizer_for

    optimizer = optimizer_for(OptimizerSpec(kind="adam", clipnorm=1, weight_decay=0.01, ema_momentum=0.5))
    assert (optimizer.clipnorm, optimizer.weight_decay, optimizer.use_ema, optimizer.ema_momentum) == (1, 0.01, True, 0.5)


def test_rates_and_decay_by_kind_of_weight():
    import keras

    from foldwise.spec.fit import FitSpec
    from foldwise.training.by_fold.optimizer import fit_optimizer
    from foldwise.training.by_fold.share import Share

    rate, decay, one, two, epsilon = 0.1, 0.3, 0.9, 0.95, 1e-7
    fit = FitSpec.model_validate(
        {
            "optimizer": {"kind": "adamw", "learning_rate": rate, "beta_2": two, "weight_decay": decay},
            "rate_factors": {"scaling": 6.0, "bias": 0.1},
            "weight_decay_on": "kernels",
            "weight_decay_schedule": "flat_cos",
        }
    )
    share = Share()
    optimizer = fit_optimizer(fit, share)
    weights = {"scaling/kernel": (6.0, 1.0), "dense_1/bias": (0.1, 0.0), "dense_2/kernel": (1.0, 1.0)}
    variables = [keras.Variable(1.0, name=name.replace("/", "_")) for name in weights]
    for variable, name in zip(variables, weights, strict=True):
        variable._path = f"tabular/{name}"
    optimizer.build(variables)
    value = dict.fromkeys(weights, 1.0)
    first, second = 0.0, 0.0
    for step, gradient in enumerate(GRADIENTS, 1):
        share.assign(1.0 if step < 3 else 0.25)
        optimizer.apply([keras.ops.convert_to_tensor(gradient)] * len(variables), variables)
        first, second = one * first + (1 - one) * gradient, two * second + (1 - two) * gradient**2
        move = first / (1 - one**step) / (np.sqrt(second / (1 - two**step)) + epsilon)
        for name, (factor, decays) in weights.items():
            own = rate * factor
            value[name] -= value[name] * decay * decays * own * float(optimizer.share.numpy())
            value[name] -= own * move
    for variable, name in zip(variables, weights, strict=True):
        assert float(keras.ops.convert_to_numpy(variable)) == pytest.approx(value[name], rel=1e-4), name


def test_a_fit_without_such_options_has_keras_s_own_optimizer():
    import keras

    from foldwise.spec.fit import FitSpec
    from foldwise.training.by_fold.optimizer import fit_optimizer
    from foldwise.training.by_fold.share import Share

    assert type(fit_optimizer(FitSpec(), Share())) is keras.optimizers.Adam

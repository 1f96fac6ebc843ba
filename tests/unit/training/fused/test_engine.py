"""The fused engine takes the very steps that Keras's own `fit` takes, fold by fold."""

import time
from dataclasses import replace

import numpy as np
import pytest

pytestmark = pytest.mark.slow

BASE = {"units": 7, "activation": "tanh"}


def case(name, *, model=None, fit=None, schedule=None, task="multiclass", **other):
    return pytest.param({"model": model or {}, "fit": fit or {}, "schedule": schedule, "task": task, **other}, id=name)


MODELS = [
    case(f"activation-{name}", model={"activation": name})
    for name in ("linear", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "swish", "softplus", "softsign")
] + [
    case("no-hidden-layer", model={"hidden": 0}),
    case("three-layers", model={"hidden": 3}),
    case("widths", model={"hidden": 3, "units": [9, 5, 3]}),
    case("l1", model={"l1": 0.01}),
    case("l2", model={"l2": 0.05, "hidden": 2}),
    case("l1-and-l2", model={"l1": 0.002, "l2": 0.01}),
    case("dropout", model={"dropout": 0.4, "hidden": 2}),
    case("noise", model={"noise": 0.3}),
    case("noise-and-dropout", model={"noise": 0.2, "dropout": 0.3}),
    case("batch-norm", model={"batch_norm": True}),
    case("layer-norm", model={"layer_norm": True, "hidden": 2}),
    case("batch-norm-and-dropout", model={"batch_norm": True, "dropout": 0.25, "hidden": 2, "activation": "relu"}),
]
OPTIMIZERS = [
    case(f"optimizer-{kind}{suffix}", fit={"optimizer": {"kind": kind, "learning_rate": 0.02, **parameters}})
    for kind, suffix, parameters in [
        ("sgd", "", {}),
        ("sgd", "-momentum", {"momentum": 0.9}),
        ("sgd", "-nesterov", {"momentum": 0.8, "nesterov": True}),
        ("rmsprop", "", {}),
        ("rmsprop", "-momentum-centered", {"momentum": 0.5, "centered": True}),
        ("adam", "", {}),
        ("adam", "-amsgrad", {"amsgrad": True}),
        ("adam", "-betas", {"beta_1": 0.7, "beta_2": 0.9}),
        ("adamw", "", {}),
        ("adamw", "-decay", {"weight_decay": 0.1}),
        ("adagrad", "", {}),
        ("adadelta", "", {}),
        ("adamax", "", {}),
        ("nadam", "", {}),
        ("ftrl", "", {}),
        ("ftrl", "-penalties", {"l1_regularization_strength": 0.01, "l2_regularization_strength": 0.02, "beta": 0.1}),
        ("lion", "", {}),
        ("adam", "-clipnorm", {"clipnorm": 0.1}),
        ("sgd", "-global-clipnorm", {"global_clipnorm": 0.1}),
        ("sgd", "-clipvalue", {"clipvalue": 0.01}),
        ("sgd", "-weight-decay", {"weight_decay": 0.2}),
    ]
]
LOSSES = (
    [case(f"binary-{loss}", fit={"loss": loss}, task="binary") for loss in
     ("binary_crossentropy", "binary_focal", "hinge", "squared_hinge", "mse", "mae")]
    + [case(f"multiclass-{loss}", fit={"loss": loss}) for loss in
       ("categorical_crossentropy", "categorical_focal", "categorical_hinge", "kl_divergence", "mse", "mae")]
    + [case(f"regression-{loss}", fit={"loss": loss}, task="regression") for loss in ("mse", "mae", "huber", "log_cosh")]
    + [case(f"regression-{loss}", fit={"loss": loss, "optimizer": {"kind": "sgd", "learning_rate": 0.002}}, task="regression",
            counts=True) for loss in ("mape", "msle", "poisson")]
)  # fmt: skip
SCHEDULES = [
    case(f"schedule-{kind}", schedule={"kind": kind, **parameters}, fit={"epochs": 8})
    for kind, parameters in [
        ("time_based", {"decay": 0.1}),
        ("drop", {"every": 2}),
        ("exponential", {"rate": 0.8}),
        ("polynomial", {}),
        ("cosine", {"warmup": 2}),
        ("one_cycle", {}),
        ("plateau", {"patience": 1, "min_delta": 0.05}),
    ]
]
BATCHES = [
    case("batch-1", fit={"batch_size": 1, "epochs": 2}),
    case("batch-short-last", fit={"batch_size": 11}),
    case("batch-full", fit={"batch_size": "full"}),
    case("batch-larger-than-rows", fit={"batch_size": 1000}),
    case("folds-of-unequal-size", fit={"batch_size": 10}, rows=(50, 53, 61)),
    case("unequal-with-batch-norm", fit={"batch_size": 10}, rows=(50, 53, 61), model={"batch_norm": True}),
    case("unequal-with-dropout", fit={"batch_size": 10}, rows=(50, 53, 61), model={"dropout": 0.3}),
    case("unequal-with-momentum", fit={"batch_size": 10, "optimizer": "nadam"}, rows=(50, 53, 61)),
    case("unequal-features-with-noise", features=(4, 3, 5), model={"noise": 0.2}),
    case("sample-weights", weights=True, fit={"batch_size": 10}),
    case("sample-weights-unequal", weights=True, fit={"batch_size": 10}, rows=(50, 53, 61)),
]
STOPS = [
    case("stop-early", fit={"epochs": 30, "early_stop": {"patience": 2, "min_delta": 0.01}, "optimizer": "adam"}),
    case("stop-on-training-loss", fit={"epochs": 20, "early_stop": {"patience": 1, "min_delta": 0.05, "monitor": "loss"}}),
    case(
        "stop-with-plateau", fit={"epochs": 20, "early_stop": {"patience": 4, "min_delta": 0.01}}, schedule={"kind": "plateau"}
    ),
    case(
        "stop-unequal",
        fit={"epochs": 20, "early_stop": {"patience": 2, "min_delta": 0.02}, "batch_size": 10},
        rows=(50, 53, 61),
    ),
]
CASES = MODELS + OPTIMIZERS + LOSSES + SCHEDULES + BATCHES + STOPS


@pytest.fixture
def double(tensorflow_started):
    import keras

    for_layers = keras.config.set_dtype_policy
    keras.config.set_floatx("float64")
    for_layers("float64")
    yield
    keras.config.set_floatx("float32")
    for_layers("float32")


def both(asked, fold, training):
    """The folds of a case, trained by each engine."""
    from dataclasses import replace

    from pydantic import TypeAdapter

    from foldwise.spec.fit import FitSpec
    from foldwise.spec.lr_schedule import LrScheduleSpec
    from foldwise.spec.model import MlpSpec
    from foldwise.training.by_fold import engine as keras_fit
    from foldwise.training.fused import engine as fused

    model = MlpSpec.model_validate({**BASE, **asked["model"]})
    fit = FitSpec.model_validate(
        {"epochs": 5, "batch_size": 16, "optimizer": {"kind": "sgd", "learning_rate": 0.1}, **asked["fit"]}
    )
    schedule = TypeAdapter(LrScheduleSpec).validate_python(asked["schedule"] or "constant")
    job = training(asked["task"], model=model, fit=fit, schedule=schedule, number=3, seed=1)
    rows, features = asked.get("rows", (48, 48, 48)), asked.get("features", (4, 4, 4))
    folds = [
        fold(asked["task"], rows=n, valid=15 + place, features=f, seed=place)
        for place, (n, f) in enumerate(zip(rows, features, strict=True))
    ]
    if asked.get("counts"):  # as what these losses are for
        folds = [replace(d, train_y=1 + abs(d.train_y), valid_y=1 + abs(d.valid_y)) for d in folds]
    if asked.get("weights"):
        draws = np.random.default_rng(5)
        weighted = [(draws.uniform(0.2, 3, len(d.train_x)), draws.uniform(0.2, 3, len(d.valid_x))) for d in folds]
        folds = [
            replace(d, train_weight=a.astype(np.float32), valid_weight=b.astype(np.float32))
            for d, (a, b) in zip(folds, weighted, strict=True)
        ]
    return list(keras_fit.fit_folds(job, enumerate(folds))), list(fused.fit_folds(job, enumerate(folds)))


def compare(expected, found, tolerance):
    for one, other in zip(expected, found, strict=True):
        assert other.failure is None
        assert other.best_epoch == one.best_epoch
        assert set(other.curves) == set(one.curves)
        for name, values in one.curves.items():
            np.testing.assert_allclose(other.curves[name], values, rtol=10 * tolerance, atol=10 * tolerance, err_msg=name)
        for place, (a, b) in enumerate(zip(one.weights, other.weights, strict=True)):
            np.testing.assert_allclose(b, a, rtol=0, atol=tolerance, err_msg=f"weight {place}")
        np.testing.assert_allclose(other.predictions, one.predictions, rtol=0, atol=10 * tolerance)


@pytest.mark.parametrize("asked", CASES)
def test_a_compiled_program_gives_the_weights_of_keras_in_double_precision(asked, double, fold, training, monkeypatch):
    from foldwise.training.fused import engine as fused

    monkeypatch.setattr(fused, "STEPS_THAT_PAY", 0)
    compare(*both(asked, fold, training), tolerance=1e-8)


# One of each kind: the same functions run, only not compiled.
NOT_COMPILED = [
    param
    for param in CASES
    if param.id in ("three-layers", "noise-and-dropout", "batch-norm", "optimizer-nadam", "schedule-plateau")
    or param.id.startswith(("batch-", "folds-", "unequal", "stop"))
]


@pytest.mark.parametrize("asked", NOT_COMPILED)
def test_a_program_that_is_not_compiled_gives_them_too(asked, double, fold, training, monkeypatch):
    from foldwise.training.fused import engine as fused

    monkeypatch.setattr(fused, "STEPS_THAT_PAY", 10**9)
    compare(*both(asked, fold, training), tolerance=1e-8)


# Where nothing amplifies rounding: see DESIGN.md, "Fused folds".
CALM = [param for param in CASES if not any(word in param.id for word in ("norm", "lion", "unequal", "optimizer-adadelta"))]


@pytest.mark.parametrize("asked", CALM)
def test_weights_are_those_of_keras_in_single_precision(asked, tensorflow_started, fold, training):
    compare(*both(asked, fold, training), tolerance=1e-4)


def test_padded_units_stay_zero_and_change_nothing(double, fold, training, monkeypatch):
    from foldwise.spec.fit import FitSpec
    from foldwise.spec.model import MlpSpec
    from foldwise.training.fused import engine as fused

    job = training(model=MlpSpec(units=17, hidden=2, layer_norm=True, dropout=0.2), fit=FitSpec(epochs=5, batch_size=16))
    folds = [fold(seed=seed) for seed in range(3)]
    monkeypatch.setattr(fused, "STEPS_THAT_PAY", 0)
    padded = list(fused.fit_folds(job, enumerate(folds)))
    monkeypatch.setattr(fused, "BUCKETS", ())
    exact = list(fused.fit_folds(job, enumerate(folds)))
    compare(exact, padded, tolerance=1e-8)


def test_a_diverging_fold_is_alone(tensorflow_started, fold, training):
    from dataclasses import replace

    from foldwise.spec.fit import FitSpec
    from foldwise.training.fused import engine as fused

    folds = [fold("regression", seed=seed) for seed in range(3)]
    folds[1] = replace(folds[1], train_y=folds[1].train_y * np.float32(1e30))
    job = training("regression", fit=FitSpec.model_validate({"epochs": 6, "optimizer": "sgd", "early_stop": {"patience": 9}}))
    calm, wild, other = fused.fit_folds(job, enumerate(folds))
    assert wild.failure is not None
    assert "of fold 1" in wild.failure
    assert calm.failure is None
    assert other.failure is None
    (alone,) = fused.fit_folds(job, [(0, folds[0])])
    np.testing.assert_allclose(calm.predictions, alone.predictions, atol=1e-5)


def test_trials_that_differ_in_numbers_only_share_a_program(tensorflow_started, fold, training):
    from foldwise.spec.fit import FitSpec
    from foldwise.spec.model import MlpSpec
    from foldwise.training.fused import engine as fused
    from foldwise.training.fused import program as fused_program

    folds = [fold(seed=seed) for seed in range(3)]
    fused_program._programs.clear()

    def run(units, dropout, l2, rate, momentum):
        optimizer = {"kind": "sgd", "learning_rate": rate, "momentum": momentum}
        fit = FitSpec.model_validate({"epochs": 400, "batch_size": 12, "optimizer": optimizer})
        job = training(model=MlpSpec(units=units, dropout=dropout, l2=l2), fit=fit)
        return list(fused.fit_folds(job, enumerate(folds)))

    run(20, 0.2, 0.01, 0.1, 0.5)
    before = dict(fused_program._programs)
    run(31, 0.4, 0.02, 0.01, 0.9)
    assert dict(fused_program._programs) == before
    traces = [program.run.experimental_get_tracing_count() for program in before.values()]
    run(25, 0.3, 0.03, 0.02, 0.7)
    assert [program.run.experimental_get_tracing_count() for program in before.values()] == traces


def test_a_program_that_is_not_compiled_serves_every_width_batch_and_table(tensorflow_started, fold, training):
    from dataclasses import replace

    from foldwise.spec.fit import FitSpec
    from foldwise.spec.model import MlpSpec
    from foldwise.training.fused import engine as fused
    from foldwise.training.fused import program as fused_program

    fused_program._programs.clear()

    def run(units, batch, rows, features, weighted):
        folds = [fold(seed=seed, rows=rows, features=features) for seed in range(3)]
        if weighted:
            folds = [replace(data, train_weight=np.ones(rows, np.float32)) for data in folds]
        job = training(model=MlpSpec(units=units), fit=FitSpec.model_validate({"epochs": 2, "batch_size": batch}))
        fits = list(fused.fit_folds(job, enumerate(folds)))
        assert all(fit.failure is None for fit in fits)
        return fits

    plain = run(7, 16, 48, 4, weighted=False)
    run(31, 8, 60, 9, weighted=False)
    assert len(fused_program._programs) == 1
    compare(plain, run(7, 16, 48, 4, weighted=True), tolerance=1e-6)  # weights of 1 change nothing
    assert len(fused_program._programs) == 2


def test_programs_are_given_up_when_there_are_many(tensorflow_started, fold, training, monkeypatch):
    from foldwise.spec.fit import FitSpec
    from foldwise.training.fused import engine as fused
    from foldwise.training.fused import program as fused_program

    monkeypatch.setattr(fused_program, "MOST_PROGRAMS", 2)
    fused_program._programs.clear()
    for kind in ("sgd", "adam", "rmsprop"):
        fit = FitSpec.model_validate({"epochs": 1, "optimizer": kind})
        list(fused.fit_folds(training(fit=fit), [(0, fold())]))
        assert len(fused_program._programs) <= 2


def test_training_without_validation_rows_is_possible(tensorflow_started, fold, training):
    from foldwise.training.by_fold import engine as keras_fit
    from foldwise.training.fused import engine as fused

    data = fold(valid=0)
    (one,) = keras_fit.fit_folds(training(), [(0, data)])
    (other,) = fused.fit_folds(training(), [(0, data)])
    compare([one], [other], tolerance=1e-4)
    assert len(other.predictions) == 0


def test_how_many_epochs_a_call_has_changes_no_bit(tensorflow_started, fold, training):
    """Where a call takes long, the next one has fewer epochs, so that training is heard in between."""
    from foldwise.spec.fit import FitSpec
    from foldwise.spec.model import MlpSpec
    from foldwise.training.fused import engine as fused

    folds, heard = [fold(seed=seed) for seed in range(2)], []

    def wait():
        heard.append(time.perf_counter())
        time.sleep(fused.SECONDS_A_CALL * 1.05)

    model = MlpSpec(hidden=2, units=6, dropout=0.3, noise=0.1)
    job = training(model=model, fit=FitSpec(epochs=60, batch_size=16))
    usual = list(fused.fit_folds(job, enumerate(folds)))
    slow = list(fused.fit_folds(replace(job, on_epoch_end=wait), enumerate(folds)))
    assert len(heard) == 4  # after 32 epochs, 16, 8, and the 4 that are left
    for one, other in zip(usual, slow, strict=True):
        assert one.curves == other.curves
        for weights, others in zip(one.weights, other.weights, strict=True):
            np.testing.assert_array_equal(weights, others)

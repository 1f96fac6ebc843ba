"""Trainings on which the fused engine is held against Keras's own `fit`."""

from dataclasses import replace

import numpy as np
import pytest

from foldwise.data.preparation.layout import Layout

BASE = {"units": 7, "activation": "tanh"}


def case(name, *, model=None, fit=None, schedule=None, task="multiclass", **other):
    asked = {"name": name, "model": model or {}, "fit": fit or {}, "schedule": schedule, "task": task, **other}
    return pytest.param(asked, id=name)


MODELS = [
    case(f"activation-{name}", model={"activation": name})
    for name in (
        "linear",
        "sigmoid",
        "tanh",
        "relu",
        "leaky_relu",
        "elu",
        "selu",
        "gelu",
        "swish",
        "mish",
        "softplus",
        "softsign",
    )
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
PER_LAYER = [
    case("list-of-activations", model={"hidden": 3, "activation": ["relu", "tanh", "leaky_relu"]}),
    case("list-of-dropouts", model={"hidden": 3, "dropout": [0.4, 0.0, 0.2], "units": [9, 5, 3]}),
    case("list-of-penalties", model={"hidden": 3, "l2": [0.05, 0.0, 0.02], "l1": [0.0, 0.0, 0.01]}),
    case("list-of-initializers", model={"hidden": 2, "initializer": ["he_normal", "orthogonal"]}),
    case("list-of-batch-norms", model={"hidden": 3, "batch_norm": [True, False, True], "dropout": [0.0, 0.3, 0.0]}),
    case("l2-not-of-output", model={"hidden": 2, "l2": 0.05, "l1": 0.01, "l2_output": False, "l1_output": 0.02}),
    case("l2-of-output-alone", model={"l2_output": 0.1}),
]
PENALTIES = [
    case("bias-penalties", model={"hidden": 2, "bias_l1": 0.01, "bias_l2": 0.1, "bias_initializer": "ones"}),
    case("activity-penalties", model={"hidden": 2, "activity_l1": 0.01, "activity_l2": 0.02, "dropout": 0.2}),
    case(
        "all-penalties",
        model={"hidden": 2, "l2": 0.01, "bias_l2": 0.01, "activity_l1": 0.01, "batch_norm": [True, False]},
        fit={"batch_size": 10},
        rows=(50, 53, 61),
        weights=True,
    ),
]
CONSTRAINTS = [
    case(f"constraint-{name}", model={"hidden": 2, "kernel_constraint": constraint})
    for name, constraint in [
        ("max_norm", {"kind": "max_norm", "max_value": 0.8}),
        ("non_neg", "non_neg"),
        ("unit_norm", "unit_norm"),
        ("min_max_norm", {"kind": "min_max_norm", "min_value": 0.6, "max_value": 0.9, "rate": 0.7}),
    ]
] + [
    case(
        "constraint-unequal",
        model={"hidden": 2, "kernel_constraint": {"kind": "max_norm", "max_value": 0.8}, "batch_norm": [True, False]},
        fit={"batch_size": 10, "optimizer": "adam"},
        rows=(50, 53, 61),
        features=(4, 3, 5),
    )
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
        ("coslog", {}),
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
        "stop-keeps-last-of-equals",
        fit={
            "epochs": 20,
            "early_stop": {"patience": 4, "monitor": "val_accuracy", "ties": "last"},
            "optimizer": {"kind": "sgd", "learning_rate": 0.01},
        },
        task="binary",
    ),
    case(
        "stop-with-plateau", fit={"epochs": 20, "early_stop": {"patience": 4, "min_delta": 0.01}}, schedule={"kind": "plateau"}
    ),
    case(
        "stop-unequal",
        fit={"epochs": 20, "early_stop": {"patience": 2, "min_delta": 0.02}, "batch_size": 10},
        rows=(50, 53, 61),
    ),
]
MONITORS = [
    case(
        f"stop-on-{monitor}",
        fit={"epochs": 20, "early_stop": {"patience": 2, "monitor": monitor, "min_delta": delta}, "optimizer": "adam"},
        task=task,
        units=units,
    )
    for monitor, task, delta, units in [
        ("val_accuracy", "multiclass", 0.01, (1.0, 1.0, 1.0)),
        ("accuracy", "binary", 0.02, (1.0, 1.0, 1.0)),
        ("val_mae", "regression", 0.05, (1.0, 2.0, 3.0)),
        ("mae", "regression", 0.05, (5.0, 5.0, 5.0)),
    ]
]
LAYOUT = Layout(2, ((3, 6), (6, 9)))
OF_TABLES = {"layouts": (LAYOUT,) * 3, "features": (9, 9, 9)}
UNLIKE = {
    "layouts": (LAYOUT, Layout(2, ((2, 5), (5, 8))), Layout(2, ((3, 7), (7, 10)))),
    "features": (9, 8, 11),
}
LEVELS = {"kind": "learned", "from_levels": 3, "width": 2}
EMBEDDED = [
    case(f"embedding-{name}", model={"numeric_embedding": embedding, **parts}, **(where | {"task": task}))
    for name, task, where, embedding, parts in [
        ("plr", "multiclass", OF_TABLES, {"kind": "plr", "frequencies": 3, "width": 2}, {"scaling_layer": True}),
        ("pbld", "binary", OF_TABLES, {"kind": "pbld", "frequencies": 3, "width": 3}, {"category_embedding": LEVELS}),
        ("ple", "regression", UNLIKE, {"kind": "ple", "bins": 5, "width": 3}, {"category_embedding": LEVELS}),
        ("ple-tree", "multiclass", OF_TABLES, {"kind": "ple", "bins": 4, "by": "tree", "width": 2}, {"l2": 0.02}),
    ]
]
RECIPES = [
    case(
        f"tabular-{name}",
        model={"kind": "tabular", "activation": "auto", "category_embedding": LEVELS, "hidden": 2, **parts},
        fit={
            "optimizer": {"kind": "adamw", "learning_rate": 0.02, "beta_2": 0.95, "weight_decay": 0.2},
            "rate_factors": {"scaling": 6.0, "bias": 0.1, "activation": 0.1, "embedding": 0.1, "first": 0.5},
            "weight_decay_on": "kernels",
            "weight_decay_schedule": "flat_cos",
            **fit,
        },
        schedule={"kind": "coslog"},
        task=task,
        **where,
    )
    for name, task, where, parts, fit in [
        ("binary", "binary", UNLIKE, {}, {"label_smoothing": 0.1}),
        ("multiclass", "multiclass", OF_TABLES, {}, {"label_smoothing": 0.1, "batch_size": 11}),
        ("regression", "regression", OF_TABLES, {"numeric_embedding": {"kind": "ple", "bins": 6}}, {}),
        ("plain-mlp", "multiclass", {}, {"kind": "mlp", "parametric_activation": True, "parametrisation": "ntp"}, {}),
    ]
]
TABM = [
    case(
        f"tabm-{name}",
        model={"kind": "tabm", "units": 7, "hidden": 2, "members": 3, "numeric_embedding": "none", **parts},
        fit={"optimizer": {"kind": "adamw", "learning_rate": 0.02}, **fit},
        task=task,
        **where,
    )
    for name, task, where, parts, fit in [
        ("binary", "binary", OF_TABLES, {"numeric_embedding": {"kind": "ple", "bins": 4, "width": 2}}, {}),
        ("multiclass", "multiclass", UNLIKE, {"layer_norm": True}, {"label_smoothing": 0.1}),
        ("regression", "regression", {"rows": (50, 53, 61)}, {"dropout": 0.0, "l2": 0.01, "bias_l2": 0.1}, {"batch_size": 10}),
        ("weights", "multiclass", {"weights": True}, {"parametric_activation": True}, {"batch_size": 10}),
    ]
]
SEVERAL = [
    case("several-mse", task="multioutput", model={"hidden": 2}),
    case("several-weighted", task="multioutput", of_numbers=(3.0, 1.0, 0.5), fit={"loss": "huber"}, rows=(50, 53, 61)),
    case(
        "several-tabm",
        task="multioutput",
        of_numbers=(3.0, 1.0, 2.0),
        model={"kind": "tabm", "members": 3, "numeric_embedding": "none"},
    ),
]
CASES = (
    EMBEDDED
    + RECIPES
    + TABM
    + MODELS
    + PER_LAYER
    + PENALTIES
    + CONSTRAINTS
    + OPTIMIZERS
    + LOSSES
    + SCHEDULES
    + BATCHES
    + STOPS
    + MONITORS
    + SEVERAL
)


def _of(long):
    return pytest.mark.long if long else pytest.mark.nightly


def later(param, mark):
    """The case, with a mark of tests that `python -m pytest` leaves out."""
    return pytest.param(*param.values, id=param.id, marks=mark)


# One of each kind of graph: compiling them all would take minutes.
COMPILED = [
    param
    for param in CASES
    if param.id
    in (
        *("activation-leaky_relu", "activation-gelu", "no-hidden-layer", "three-layers", "l1-and-l2", "noise-and-dropout"),
        *("layer-norm", "batch-norm-and-dropout", "optimizer-rmsprop-momentum-centered", "optimizer-adam-amsgrad"),
        *("optimizer-adamw-decay", "optimizer-nadam", "optimizer-ftrl-penalties", "optimizer-sgd-global-clipnorm"),
        *("binary-hinge", "multiclass-categorical_focal", "regression-log_cosh", "schedule-plateau", "batch-full"),
        *("unequal-with-batch-norm", "unequal-features-with-noise", "sample-weights-unequal", "stop-unequal"),
        *(
            "embedding-plr",
            "tabular-binary",
            "tabm-multiclass",
            "list-of-batch-norms",
            "all-penalties",
            "constraint-unequal",
            "stop-on-val_accuracy",
        ),
    )
]

# Some cases in each run, some among the long tests, the others among the nightly ones.
EACH = [param if place % 8 == 0 else later(param, _of(place % 8 < 4)) for place, param in enumerate(CASES)]
COMPILED = [param if place % 6 == 0 else later(param, _of(place % 6 < 3)) for place, param in enumerate(COMPILED)]

# Where nothing amplifies rounding: see DESIGN.md, "Fused folds".
CALM = [
    later(param, _of(place % 6 == 0))
    for place, param in enumerate(CASES)
    if not any(word in param.id for word in ("norm", "lion", "unequal", "optimizer-adadelta"))
]


def job_and_folds(asked, fold, training):
    """A case's training and its numbered folds."""
    from pydantic import TypeAdapter

    from foldwise.spec.fit import FitSpec
    from foldwise.spec.lr_schedule import LrScheduleSpec
    from foldwise.spec.model import ModelSpec

    model = TypeAdapter(ModelSpec).validate_python({"kind": "mlp", **BASE, **asked["model"]})
    fit = FitSpec.model_validate(
        {"epochs": 5, "batch_size": 16, "optimizer": {"kind": "sgd", "learning_rate": 0.1}, **asked["fit"]}
    )
    schedule = TypeAdapter(LrScheduleSpec).validate_python(asked["schedule"] or "constant")
    weights = asked.get("of_numbers", ())
    job = training(asked["task"], model=model, fit=fit, schedule=schedule, number=3, seed=1, weights=weights)
    rows, features = asked.get("rows", (48, 48, 48)), asked.get("features", (4, 4, 4))
    folds = [
        fold(asked["task"], rows=n, valid=15 + place, features=f, seed=place)
        for place, (n, f) in enumerate(zip(rows, features, strict=True))
    ]
    if asked.get("layouts"):
        folds = [replace(data, layout=layout) for data, layout in zip(folds, asked["layouts"], strict=True)]
    if asked.get("units"):
        scales = [replace(d.target, sd=sd) for d, sd in zip(folds, asked["units"], strict=True)]
        folds = [replace(d, target=scale) for d, scale in zip(folds, scales, strict=True)]
    if asked.get("counts"):  # these losses are for positive targets
        folds = [replace(d, train_y=1 + abs(d.train_y), valid_y=1 + abs(d.valid_y)) for d in folds]
    if asked.get("weights"):
        draws = np.random.default_rng(5)
        weighted = [(draws.uniform(0.2, 3, len(d.train_x)), draws.uniform(0.2, 3, len(d.valid_x))) for d in folds]
        folds = [
            replace(d, train_weight=a.astype(np.float32), valid_weight=b.astype(np.float32))
            for d, (a, b) in zip(folds, weighted, strict=True)
        ]
    return job, list(enumerate(folds))


def fused_fits(asked, fold, training):
    """A case's folds, trained by the fused engine."""
    from foldwise.training.fused.engine import fit_folds

    return list(fit_folds(*job_and_folds(asked, fold, training)))


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

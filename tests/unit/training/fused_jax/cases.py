"""Trainings on which the fused engine on JAX is held against Keras's own `fit`: with every optimizer, loss and schedule."""

from dataclasses import replace

import numpy as np

SEQUENTIAL = [
    {"kind": "Dense", "units": 7, "activation": "relu", "l2": 0.01, "kernel_initializer": "he_normal"},
    {"kind": "Dropout", "rate": 0.3},
    {"kind": "PReLU"},
    {"kind": "Dense", "units": 5, "activation": "tanh", "kernel_constraint": {"kind": "max_norm", "max_value": 0.9}},
]
FUNCTIONAL = [
    {"kind": "Dense", "name": "wide", "units": 6, "activation": "selu"},
    {"kind": "Dense", "name": "deep", "from": "features", "units": 6, "activation": "softsign"},
    {"kind": "LayerNormalization", "name": "even"},
    {"kind": "Add", "name": "sum", "from": ["wide", "even"]},
    {"kind": "Concatenate", "from": ["sum", "features"]},
    {"kind": "GaussianNoise", "stddev": 0.2},
]
NORMED = [
    {"kind": "Dense", "name": "wide", "units": 6},
    {"kind": "BatchNormalization", "name": "norm"},
    {"kind": "Activation", "activation": "gelu"},
    {"kind": "Dropout", "name": "drop", "rate": 0.2},
    {"kind": "Multiply", "from": ["drop", "wide"]},
]
ACTIVE = [{"kind": "Dense", "units": 6, "activation": "tanh", "activity_l2": 0.05, "activity_l1": 0.01, "bias_l2": 0.1}]
CONVOLUTION = [
    {"kind": "Reshape", "target_shape": [4, 1]},
    {"kind": "Conv1D", "filters": 3, "kernel_size": 2, "padding": "same", "activation": "relu"},
    {"kind": "MaxPooling1D", "pool_size": 2},
    {"kind": "Flatten"},
]
IMAGE = [
    {"kind": "Conv2D", "filters": 3, "kernel_size": 2, "activation": "elu"},
    {"kind": "SpatialDropout2D", "rate": 0.3},
    {"kind": "GlobalAveragePooling2D"},
]


def layers(listed, **parts):
    return {"kind": "layers", "layers": listed, **parts}


def mlp(**parts):
    return {"kind": "mlp", "units": 6, "activation": "tanh", **parts}


def own(inputs, head, units=5):
    """A network of the user's own: a residual block whose last layer is shared."""
    import keras

    x = keras.Input((inputs,))
    shared = keras.layers.Dense(units, activation="swish")
    y = shared(keras.layers.Dense(units)(keras.ops.sin(shared(x[:, :units]))) if inputs == units else x)
    return keras.Model(x, keras.layers.Dense(head.units, activation=head.activation)(y))


def sequential(inputs, head, seed=0):
    import keras

    drop = keras.layers.Dropout(0.25, seed=seed)
    ends = [drop, keras.layers.Dense(head.units, activation=head.activation)]
    return keras.Sequential([keras.Input((inputs,)), keras.layers.Dense(6, activation="mish"), *ends])


def centred(inputs, head):
    """A network whose layer of the user's own sees the batch as a whole."""
    import keras

    class Centred(keras.layers.Layer):
        def call(self, x):
            return x - keras.ops.mean(x, axis=0, keepdims=True)

    x = keras.Input((inputs,))
    y = Centred()(keras.layers.Dense(5, activation="relu")(x))
    return keras.Model(x, keras.layers.Dense(head.units, activation=head.activation)(y))


def stepping(inputs, head):
    """A network with a training step of its own."""
    import keras

    class Stepping(keras.Model):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            return 2.0 * super().compute_loss(x, y, y_pred, sample_weight, training)

    x = keras.Input((inputs,))
    y = keras.layers.Dense(4, activation="relu")(x)
    return Stepping(x, keras.layers.Dense(head.units, activation=head.activation)(y))


UNEQUAL = {"rows": (40, 43)}
APART = {"rows": (40, 43, 51), "valid": (15, 16, 15)}
STOP = {"patience": 2, "min_delta": 0.02}
TABULAR = {
    "optimizer": {"kind": "adamw", "learning_rate": 0.02, "weight_decay": 0.2},
    "rate_factors": {"scaling": 6.0, "bias": 0.1, "activation": 0.1, "embedding": 0.1, "first": 0.5},
    "weight_decay_on": "kernels",
    "weight_decay_schedule": "flat_cos",
    "label_smoothing": 0.1,
}

# name, model, optimizer, further settings: fit (or loss alone), task, schedule, rows ...
TABLE = [
    ("sequential-unequal", layers(SEQUENTIAL), "adam", {"schedule": {"kind": "cosine"}, **APART}),
    ("functional-stops", layers(FUNCTIONAL), {"kind": "sgd", "learning_rate": 0.1, "momentum": 0.9, "nesterov": True},
     {"fit": {"epochs": 12, "early_stop": STOP}, **UNEQUAL}),
    ("normed-unequal", layers(NORMED), {"kind": "sgd", "learning_rate": 0.05}, APART),
    ("own-function", own, "nadam", {"loss": "categorical_focal"}),
    ("convolution", layers(CONVOLUTION), "adagrad", {"loss": "categorical_hinge", "schedule": {"kind": "drop", "every": 2}}),
    ("average", layers(FUNCTIONAL), {"kind": "adam", "ema_momentum": 0.8}, {"loss": "kl_divergence", **UNEQUAL}),
    ("plateau", mlp(hidden=2, dropout=0.3, noise=0.1), "lion", {"schedule": {"kind": "plateau", "patience": 1}, **UNEQUAL}),
    ("tabular", mlp(kind="tabular", hidden=2, category_embedding="none"), TABULAR["optimizer"],
     {"fit": TABULAR, "schedule": {"kind": "coslog"}}),
    ("auxiliary", layers(FUNCTIONAL, outputs={"deep": 0.4}), "adamax", {"schedule": {"kind": "exponential"}, **UNEQUAL}),
    ("active-unequal", layers(ACTIVE), "adadelta", {"task": "regression", "loss": "huber", **UNEQUAL}),
    ("members", mlp(kind="tabm", hidden=2, members=3, numeric_embedding="none"), "adamw", {"loss": "mse", **UNEQUAL}),
    ("own-step", stepping, {"kind": "sgd", "clipnorm": 0.1}, {"task": "binary", **UNEQUAL}),
    ("weights", layers(SEQUENTIAL), {"kind": "ftrl", "l1_regularization_strength": 0.01}, {"weights": True, **UNEQUAL}),
    ("binary-hinge", mlp(hidden=3), "lamb", {"task": "binary", "loss": "hinge"}),
    ("binary-squared-hinge", layers(SEQUENTIAL), "adafactor", {"task": "binary", "loss": "squared_hinge"}),
    ("binary-focal", mlp(batch_norm=True), "adam", {"task": "binary", "loss": "binary_focal", **UNEQUAL}),
    ("binary-mse", layers(NORMED), "sgd", {"task": "binary", "loss": "mse", "schedule": {"kind": "one_cycle"}}),
    ("binary-mae", layers(FUNCTIONAL), "nadam", {"task": "binary", "loss": "mae", "weights": True}),
    ("binary-smoothed", layers(FUNCTIONAL), {"kind": "sgd", "global_clipnorm": 0.2},
     {"task": "binary", "fit": {"label_smoothing": 0.2}, **UNEQUAL}),
    ("regression-mse", layers(FUNCTIONAL), {"kind": "adam", "amsgrad": True}, {"task": "regression", **UNEQUAL}),
    ("regression-mae", layers(SEQUENTIAL), {"kind": "sgd", "weight_decay": 0.2}, {"task": "regression", "loss": "mae"}),
    ("regression-log-cosh", own, {"kind": "rmsprop", "centered": True, "momentum": 0.5},
     {"task": "regression", "loss": "log_cosh"}),
    ("regression-mape", mlp(), {"kind": "sgd", "learning_rate": 0.002}, {"task": "regression", "loss": "mape", "counts": True}),
    ("regression-msle", mlp(), "adamax", {"task": "regression", "loss": "msle", "counts": True, **UNEQUAL}),
    ("regression-poisson", mlp(activation="softplus"), {"kind": "sgd", "learning_rate": 0.002},
     {"task": "regression", "loss": "poisson", "counts": True, **UNEQUAL}),
    ("multiclass-mae", layers(CONVOLUTION), {"kind": "adam", "clipvalue": 0.01}, {"loss": "mae", **UNEQUAL}),
    ("image", layers(IMAGE, image=[2, 2, 1]), "adam", UNEQUAL),
    ("cnn", {"kind": "cnn", "image": [4, 4, 1], "blocks": 1, "filters": 2, "hidden": 1, "units": 4}, "sgd",
     {"features": 16, **UNEQUAL}),
    ("own-sequential", sequential, "adagrad", {"schedule": {"kind": "polynomial"}, **UNEQUAL}),
    ("own-sees-the-batch", centred, "adam", UNEQUAL),
    ("full-batch", layers(FUNCTIONAL), "adam", {"fit": {"batch_size": "full"}, **UNEQUAL}),
    ("full-batch-normed", layers(NORMED), "adam", {"fit": {"batch_size": "full"}, **UNEQUAL}),
    ("batch-of-one", layers(SEQUENTIAL), "sgd", {"fit": {"batch_size": 1, "epochs": 2}, **UNEQUAL}),
    ("batch-fits", layers(FUNCTIONAL), "lion", {"rows": (48, 48)}),
    ("batch-larger-than-rows", mlp(), "sgd", {"fit": {"batch_size": 1000}, **UNEQUAL}),
    ("warmed-up", mlp(layer_norm=True), "lamb", {"schedule": {"kind": "time_based", "decay": 0.1, "warmup": 2}}),
    ("stops-normed", layers(NORMED), "adam", {"fit": {"epochs": 20, "early_stop": STOP}, **UNEQUAL}),
    ("stops-on-accuracy", layers(SEQUENTIAL), "adam",
     {"fit": {"epochs": 15, "early_stop": {"patience": 3, "monitor": "val_accuracy", "ties": "last"}}, **UNEQUAL}),
    ("stops-averages", mlp(), {"kind": "sgd", "learning_rate": 0.3, "ema_momentum": 0.7},
     {"fit": {"epochs": 12, "early_stop": {"patience": 2, "monitor": "val_loss"}}, **UNEQUAL}),
    ("penalties", mlp(hidden=2, l1=0.002, l2=0.01, bias_l2=0.1, kernel_constraint="unit_norm"), "adafactor", UNEQUAL),
    ("dropout-schedule", mlp(kind="tabular", dropout_schedule="flat_cos", dropout=0.3, category_embedding="none"), "adam",
     UNEQUAL),
    ("several", mlp(hidden=2), "adam", {"task": "multioutput", "of_numbers": (3.0, 1.0, 2.0), **UNEQUAL}),
    ("no-validation-rows", layers(FUNCTIONAL), "adam", {"valid": (0, 0)}),
]  # fmt: skip
CASES = {name: {"model": model, "optimizer": optimizer, **more} for name, model, optimizer, more in TABLE}
# in every run: one for each way through the engine; the others are long
QUICK = ("functional-stops", "binary-mse", "own-function")


def job_and_folds(asked, make_fold, make_training):
    """A case's training and its numbered folds."""
    from pydantic import TypeAdapter

    from foldwise.spec.fit import FitSpec
    from foldwise.spec.lr_schedule import LrScheduleSpec
    from foldwise.spec.model import ModelSpec
    from foldwise.spec.python_value import PythonFunction

    model = asked["model"]
    if callable(model):
        model = {"kind": "python", "build": PythonFunction(model)}
    fit = {"epochs": 5, "batch_size": 16, "loss": asked.get("loss", "auto"), **asked.get("fit", {})}
    job = make_training(
        asked.get("task", "multiclass"),
        model=TypeAdapter(ModelSpec).validate_python(model),
        fit=FitSpec.model_validate({"optimizer": asked["optimizer"], **fit}),
        schedule=TypeAdapter(LrScheduleSpec).validate_python(asked.get("schedule", "constant")),
        number=3,
        seed=1,
        weights=asked.get("of_numbers", ()),
    )
    rows, task = asked.get("rows", (48, 48)), asked.get("task", "multiclass")
    sizes = zip(rows, asked.get("valid", [15] * len(rows)), strict=True)
    folds = [
        make_fold(task, rows=count, valid=valid, features=asked.get("features", 4), seed=place)
        for place, (count, valid) in enumerate(sizes)
    ]
    if asked.get("counts"):  # these losses are for positive targets
        folds = [replace(d, train_y=1 + abs(d.train_y), valid_y=1 + abs(d.valid_y)) for d in folds]
    if asked.get("weights"):
        draws = np.random.default_rng(5)
        weighted = [[draws.uniform(0.2, 3, len(x)).astype(np.float32) for x in (d.train_x, d.valid_x)] for d in folds]
        folds = [replace(d, train_weight=a, valid_weight=b) for d, (a, b) in zip(folds, weighted, strict=True)]
    return replace(job, backend="jax"), list(enumerate(folds))

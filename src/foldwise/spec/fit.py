"""How a network is trained: epochs, batches, loss, optimizer, early stopping."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, InstanceOf, PlainSerializer, WithJsonSchema

from foldwise.spec.base import ByKind, Spec
from foldwise.spec.goal import METRICS, Task, natural_goal
from foldwise.spec.optimizer import OptimizerSpec
from foldwise.spec.python_value import PythonFunction
from foldwise.spec.settled import or_auto
from foldwise.system.known_words import closest

# loss -> tasks it is defined for
LOSSES: dict[str, tuple[Task, ...]] = {
    "binary_crossentropy": ("binary",),
    "binary_focal": ("binary",),
    "hinge": ("binary",),
    "squared_hinge": ("binary",),
    "categorical_crossentropy": ("multiclass",),
    "categorical_focal": ("multiclass",),
    "categorical_hinge": ("multiclass",),
    "kl_divergence": ("multiclass",),
    "mse": ("binary", "multiclass", "regression", "multioutput"),
    "mae": ("binary", "multiclass", "regression", "multioutput"),
    **dict.fromkeys(("huber", "log_cosh", "mape", "msle", "poisson"), ("regression", "multioutput")),
    **dict.fromkeys(
        (
            *("cross_entropy", "dice", "focal", "tversky"),
            *("cross_entropy+dice", "cross_entropy+tversky", "focal+dice", "focal+tversky"),
        ),
        ("segmentation",),
    ),
    "centres": ("detection",),
}

LossName = Literal[
    "auto", "binary_crossentropy", "binary_focal", "hinge", "squared_hinge", "categorical_crossentropy",
    "categorical_focal", "categorical_hinge", "kl_divergence", "mse", "mae", "huber", "log_cosh", "mape", "msle",
    "poisson", "cross_entropy", "dice", "focal", "tversky", "cross_entropy+dice", "cross_entropy+tversky", "focal+dice",
    "focal+tversky", "centres",
]  # fmt: skip


Factor = Annotated[float, Field(gt=0)]
MonitorName = Literal["val_loss", "loss", "val_accuracy", "accuracy", "val_mae", "mae", "val_mean_iou", "mean_iou"]
# what is followed in each epoch -> its metric; a loss has none, and every task has one
MONITORS: Mapping[str, str | None] = {
    "val_loss": None,
    "loss": None,
    "val_accuracy": "accuracy",
    "accuracy": "accuracy",
    "val_mae": "mae",
    "mae": "mae",
    "val_mean_iou": "mean_iou",
    "mean_iou": "mean_iou",
}


def _followed(name: Any) -> Any:
    """Refuse a word that is not followed, with a proposal."""
    if not isinstance(name, str) or name in MONITORS:
        return name
    validated = name.lower().startswith("val")
    bare = name.lower().removeprefix("val").lstrip("_-. ") if validated else name
    near = None if bare in METRICS else closest(bare, {metric.removeprefix("val_") for metric in MONITORS})
    rule = f"{name!r} is not followed during training"
    if near:
        raise ValueError(f"{rule}, did you mean {'val_' if validated else ''}{near}?")
    raise ValueError(f"{rule}; followed are {', '.join(MONITORS)} (accuracy of classes, mae of numbers, mean_iou of masks)")


class EarlyStop(Spec):
    """Stop a fold after `patience` epochs without a better monitored value, and keep the weights of the best epoch.

    With patience null, all epochs are trained and the last weights are kept. Whether more or less is better follows from the
    monitored value. min_delta: the smallest gain, of mae in the target's own unit. ties: which of several equally good epochs
    is kept; with `last`, such an epoch counts as a better one, so that the waiting starts anew.
    """

    patience: Annotated[int, Field(ge=1)] | None = None
    monitor: Annotated[MonitorName, BeforeValidator(_followed)] = "val_loss"
    min_delta: Annotated[float, Field(ge=0)] = 0.0
    ties: Literal["first", "last"] = "first"

    @property
    def sign(self) -> float:
        """1 if less of the monitored value is better, -1 if more is."""
        metric = MONITORS[self.monitor]
        return 1.0 if metric is None else -natural_goal(metric).sign

    @property
    def in_own_unit(self) -> bool:
        """Whether min_delta is in the target's own unit, not in that of the training target."""
        return MONITORS[self.monitor] == "mae"

    def least_gain(self, unit: float) -> float:
        """min_delta in the unit of the training target, whose 1 is `unit` in the target's own."""
        return self.min_delta / unit if self.in_own_unit else self.min_delta


class RateFactors(Spec):
    """Factors of the learning rate, by kind of weight. All other weights have 1.

    embedding: of numbers, see model.numeric_embedding. scaling: the scaling layer. first: the first hidden layer's kernel.
    bias: of dense layers. activation: of parametric activations.
    """

    embedding: Factor = 1.0
    scaling: Factor = 1.0
    first: Factor = 1.0
    bias: Factor = 1.0
    activation: Factor = 1.0


def _functions(values: Any) -> Any:
    """Refuse callbacks that are not functions of the user's own."""
    each = values if isinstance(values, list | tuple) else [values]
    if all(type(value) is PythonFunction for value in each):
        for value in each:
            value.check_arguments(CALLBACK_ARGUMENTS)
        return tuple(each)
    raise ValueError(
        "takes your own functions, and only from Python: foldwise.tune(fit={'callbacks': [make]}) with "
        "def make(): return MyCallback(); in a shell use fit.early_stop and lr_schedule"
    )


CALLBACK_ARGUMENTS = ("trial", "fold")  # passed to those callbacks that name them
Callbacks = Annotated[
    tuple[InstanceOf[PythonFunction], ...],
    BeforeValidator(_functions),
    PlainSerializer(lambda functions: [function.record for function in functions], when_used="json"),
    WithJsonSchema({"type": "array"}),
]


class FitSpec(Spec):
    """How a network is trained, and above which probability a row gets the positive of two labels.

    batch_size: `full` is batch gradient descent, 1 is stochastic gradient descent, None is 32, or all rows if there are fewer.
    label_smoothing: the share of each row's label that is spread evenly over all labels, in the loss.
    weight_decay_on: `kernels` leaves biases alone; weight decay itself is a parameter of the optimizer.
    weight_decay_schedule: flat_cos holds it for half of the epochs, then lowers it to 0 along half a cosine.
    threshold: `auto` is tuned for the goal on out-of-fold predictions.
    callbacks: each returns a keras.callbacks.Callback for one fold. They do not run in the refit on all rows, which takes the
        epochs and learning rates that the folds had.
    seeds: that refit trains this many networks, alike but for their first weights and batches; the model is their mean.
    """

    epochs: Annotated[int, Field(ge=1, le=1_000_000), or_auto()] = 50
    batch_size: Annotated[Annotated[int, Field(ge=1)] | Literal["full"] | None, or_auto("full")] = None
    loss: LossName = "auto"
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    optimizer: Annotated[OptimizerSpec, ByKind] = OptimizerSpec()
    rate_factors: RateFactors = RateFactors()
    weight_decay_on: Literal["all", "kernels"] = "all"
    weight_decay_schedule: Literal["constant", "flat_cos"] = "constant"
    early_stop: EarlyStop = EarlyStop()
    threshold: Annotated[float, Field(gt=0, lt=1)] | Literal["auto"] = 0.5
    callbacks: Callbacks = ()
    seeds: Annotated[int, Field(ge=1, le=50)] = 1

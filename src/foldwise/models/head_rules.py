"""The losses and output activations that suit a task. Nothing here imports Keras."""

from __future__ import annotations

from foldwise.errors import ConfigError
from foldwise.spec.fit import LOSSES, MONITORS, FitSpec
from foldwise.spec.goal import METRICS, Task
from foldwise.spec.model import ModelSpec
from foldwise.spec.trial import TrialSpec
from foldwise.system.keras_backend import KEY, USUAL, Backend

AUTO_LOSS: dict[Task, str] = {
    "binary": "binary_crossentropy",
    "multiclass": "categorical_crossentropy",
    "regression": "mse",
    "segmentation": "cross_entropy",
    "detection": "centres",
    "multioutput": "mse",
}
# task -> output activations that make sense; `auto` takes the first
OUTPUTS: dict[Task, tuple[str, ...]] = {
    "binary": ("sigmoid", "tanh", "linear"),
    "multiclass": ("softmax", "sigmoid", "tanh", "linear"),
    "regression": ("linear", "tanh"),
    "segmentation": ("softmax",),
    "detection": ("linear",),
    "multioutput": ("linear", "tanh"),
}
# networks that are made for one task alone; all others answer rows
MADE_FOR: dict[str, Task] = {"unet": "segmentation", "centre": "detection"}
# losses that need another output; `auto` takes the first
SPECIAL_OUTPUTS: dict[str, tuple[str, ...]] = {
    "binary_crossentropy": ("sigmoid",),
    "binary_focal": ("sigmoid",),
    "categorical_crossentropy": ("softmax", "sigmoid"),
    "categorical_focal": ("softmax", "sigmoid"),
    "kl_divergence": ("softmax",),
    "hinge": ("tanh", "linear", "sigmoid"),  # its targets are -1 and 1
    "squared_hinge": ("tanh", "linear", "sigmoid"),
    "poisson": ("softplus",),  # the logarithm of the output must exist
}
# losses that can spread a label over all labels
SMOOTHED = ("binary_crossentropy", "binary_focal", "categorical_crossentropy", "categorical_focal")
# losses of unscaled targets: standardised ones are negative or near 0
UNSCALED_TARGETS = ("mape", "msle", "poisson")


def check_head(task: Task, trial: TrialSpec) -> None:
    """Refuse a loss, output, target scaling or threshold that does not suit the task or the others.

    Raises:
        ConfigError: at fit.loss, fit.label_smoothing, fit.threshold, fit.early_stop.monitor or model.output_activation.
    """
    _, loss = activation_and_loss(task, trial.model, trial.fit)
    if loss in UNSCALED_TARGETS and trial.prep.target != "none":
        raise ConfigError("fit.loss", f"{loss} needs the target in its own unit; set prep.target=none")
    if trial.fit.label_smoothing > 0 and loss not in SMOOTHED:
        fitting = [name for name in SMOOTHED if task in LOSSES[name]]
        use = f", or use {' or '.join(fitting)}" if fitting else ""
        raise ConfigError("fit.label_smoothing", f"the loss {loss} does not smooth labels; leave it at 0{use}")
    if task != "binary" and trial.fit.threshold != 0.5:
        raise ConfigError("fit.threshold", f"decides between two labels, and the task is {task}; leave it at 0.5")
    monitor = trial.fit.early_stop.monitor
    metric = MONITORS[monitor]
    if metric is not None and task not in METRICS[metric][1]:
        fitting = [monitor.replace(metric, own) for own in ("mae", "accuracy", "mean_iou") if task in METRICS[own][1]]
        use = " or ".join([*fitting, "val_loss"])
        raise ConfigError("fit.early_stop.monitor", f"{monitor} is not defined for a {task} task; use {use}")


def check_task(task: Task, model: ModelSpec) -> None:
    """Refuse a network that answers something else than the task asks.

    Raises:
        ConfigError: at model.
    """
    made_for = MADE_FOR.get(model.kind)
    if made_for == task or (made_for is None and task not in MADE_FOR.values()):
        return
    fitting = [kind for kind, own in MADE_FOR.items() if own == task]
    use = f"use model={' or model='.join(fitting)}" if fitting else "use another model, such as mlp or cnn"
    raise ConfigError("model", f"{model.kind} is not for a {task} task; {use}")


def check_backend(task: Task, backend: Backend) -> None:
    """Refuse a task whose targets are made or compared by TensorFlow on another backend.

    Raises:
        ConfigError: at training.backend.
    """
    if backend != USUAL and task in MADE_FOR.values():
        raise ConfigError(KEY, f"{backend} does not train a {task} task, whose targets {USUAL} makes; use {USUAL}")


def activation_and_loss(task: Task, model: ModelSpec, fit: FitSpec) -> tuple[str, str]:
    """The output activation and the loss, with `auto` resolved.

    Raises:
        ConfigError: they do not suit the task or each other.
    """
    loss = AUTO_LOSS[task] if fit.loss == "auto" else fit.loss
    if task not in LOSSES[loss]:
        fitting = ", ".join(name for name, tasks in LOSSES.items() if task in tasks)
        raise ConfigError("fit.loss", f"{loss} does not suit a {task} task; use auto or one of {fitting}")
    outputs = SPECIAL_OUTPUTS.get(loss, OUTPUTS[task])
    if model.output_activation == "auto":
        return outputs[0], loss
    if model.output_activation not in outputs:
        rule = f"{model.output_activation} does not suit a {task} task with loss {loss}; use auto"
        others = [name for name in outputs if name in OUTPUTS[task]]
        raise ConfigError("model.output_activation", rule + (f" or {', '.join(others)}" if others else ""))
    return model.output_activation, loss

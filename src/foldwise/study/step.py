"""A trial that is replayed to be seen: one training step in numbers, and how the network learns over its epochs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.data.fold_cache import FoldCache
from foldwise.data.preparation.fold import FoldData, fit_preparation
from foldwise.errors import ConfigError, JobError
from foldwise.spec.balance import KEEP_ROWS
from foldwise.spec.base import Spec
from foldwise.spec.fit import FitSpec
from foldwise.spec.model import MlpSpec
from foldwise.spec.study import TrainingSpec
from foldwise.spec.trial import TrialSpec
from foldwise.study.plan import Plan
from foldwise.study.step_plane import plane_over_epochs
from foldwise.system.keras_backend import USUAL
from foldwise.training.batches import steps_an_epoch
from foldwise.training.fold_fit import Training
from foldwise.training.recorder import Recorder
from foldwise.training.updates import is_written_out, settings
from foldwise.trial.job import TrialJob
from foldwise.trial.result import TrialResult

PLAIN = TrainingSpec()
MOST_UNITS, MOST_INPUTS, MOST_HIDDEN = 24, 40, 6  # more would not be read
MOST_FRAMES = 60
MOST_ROWS = 64  # of a batch
MOST_POINTS = 400  # of a curve
UNSEEN = (
    *("batch_norm", "layer_norm", "noise", "bias_l1", "bias_l2", "activity_l1", "activity_l2", "kernel_constraint"),
    *("numeric_embedding", "category_embedding", "scaling_layer", "parametric_activation", "parametrisation", "members"),
    "dropout_schedule",
)
UNSEEN_IN_FIT = ("label_smoothing", "rate_factors", "weight_decay_on", "weight_decay_schedule")
EARLY = 1.7  # the exponent that puts more frames into the first epochs, in which most happens

Floats = npt.NDArray[np.float64]
Values = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Watched:
    """A trial's fold whose step is wanted. data: the fold. steps: of one epoch. epochs: at most."""

    plan: Plan
    job: TrialJob
    cache: FoldCache
    data: FoldData
    fold: int
    step: int
    steps: int
    epochs: int


def refuse_unseeable(trial: TrialSpec, number: int, how: TrainingSpec = PLAIN) -> None:
    """Refuse a trial whose network or training cannot be written out on a page.

    Raises:
        ConfigError: it is not a small mlp of dense layers, its rows change while it trains, or another backend or precision
            trained it.
    """

    def refused(rule: str) -> ConfigError:
        return ConfigError("trial", f"trial {number} {rule}; choose another trial, or tune a smaller mlp")

    if (how.backend, how.precision) != (USUAL, "float32"):
        raise refused(f"was trained on {how.backend} in {how.precision}, and step shows steps of {USUAL} in float32")
    model = trial.model
    if not isinstance(model, MlpSpec):
        raise refused(f"trains a network of kind {model.kind}, and step shows an mlp only")
    if len(model.widths) > MOST_HIDDEN:
        raise refused(f"has {len(model.widths)} hidden layers, and step shows at most {MOST_HIDDEN}")
    if max(model.widths, default=0) > MOST_UNITS:
        raise refused(f"has a layer of {max(model.widths)} units, and step shows at most {MOST_UNITS}")
    parts: tuple[tuple[str, Spec, Spec, Sequence[str]], ...] = (
        ("model", model, MlpSpec(), UNSEEN),
        ("fit", trial.fit, FitSpec(), UNSEEN_IN_FIT),
    )
    for section, given, plain, names in parts:
        for name in names:
            if getattr(given, name) != getattr(plain, name):
                raise refused(
                    f"has {section}.{name}, and step shows dense layers with dropout and penalties of kernels at most"
                )
    if trial.augment.kind != "none":
        raise refused(f"has augment={trial.augment.kind}, which changes rows at random as they are trained on")


def refuse_too_many(inputs: int, outputs: int, number: int) -> None:
    """Refuse a network with too many inputs or outputs for a page.

    Raises:
        ConfigError: with the side that is too large, and what makes it smaller.
    """
    for count, most, side, what in (
        (inputs, MOST_INPUTS, "inputs", "columns or levels"),
        (outputs, MOST_UNITS, "outputs", "classes"),
    ):
        if count > most:
            rule = f"has {count} {side}, and step shows at most {most}"
            raise ConfigError("trial", f"the network of trial {number} {rule}; use a table with fewer {what}")


def watched(plan: Plan, recorded: TrialResult, fold: int, step: int) -> Watched:
    """Prepare what a replay needs, before TensorFlow starts.

    Args:
        plan: the study's data.
        recorded: the trial.
        fold: counted from 0.
        step: counted from 1 over all epochs.

    Raises:
        ConfigError: the fold or the step does not exist, or the network has too many inputs or outputs.
    """
    job = plan.job(recorded.number, recorded.params, recorded.engine)
    if fold >= len(plan.splits):
        there = f"folds 0 to {len(plan.splits) - 1}" if len(plan.splits) > 1 else "fold 0 only"
        raise ConfigError("fold", f"there is no fold {fold}; the study has {there}")
    cache = FoldCache(plan.table, plan.splits, job.seed)
    data = cache.folds(job.spec.prep, job.spec.balance)[fold]
    inputs, outputs = data.train_x.shape[1], data.train_y.shape[1]
    refuse_too_many(inputs, outputs, recorded.number)
    steps = steps_an_epoch(job.spec.fit.batch_size, len(data.train_x))
    ran = next((score for score in recorded.folds if score.fold == fold and recorded.state == "COMPLETE"), None)
    epochs = job.spec.fit.epochs if ran is None else len(ran.curves["loss"])
    if step > steps * epochs:
        rule = f"fold {fold} of trial {recorded.number} took {steps * epochs:,} steps ({epochs} epochs of {steps})"
        raise ConfigError("step", f"there is no step {step:,}: {rule}; choose 1 to {steps * epochs}")
    return Watched(plan, job, cache, data, fold, step, steps, epochs)


def replay(asked: Watched, raise_if_stopped: Callable[[], None]) -> tuple[TrialResult, Values]:
    """Train the trial again with its own engine. TensorFlow must have started.

    Returns:
        The result, and the values of the page.

    Raises:
        JobError: the trial fails, or the fold ends before the step.
    """
    from foldwise.training.cross_validate import cross_validate, training_for

    plan, job = asked.plan, asked.job
    recorder = Recorder(asked.fold, asked.step, frozenset(frames(asked.epochs)))
    result = cross_validate(
        job,
        plan.table,
        plan.splits,
        lambda fold: raise_if_stopped(),
        asked.cache,
        on_epoch_end=raise_if_stopped,
        recorder=recorder,
    )
    if result.state != "COMPLETE" or recorder.after is None:
        why = result.reason or f"fold {asked.fold} ended before step {asked.step}"
        raise JobError(f"trial {job.number} cannot be replayed: {why}")
    fold = next(score for score in result.folds if score.fold == asked.fold)
    training = training_for(job, plan.table)
    split, model = plan.splits[asked.fold], job.spec.model
    preparation = fit_preparation(plan.table, split.train, job.spec.prep)
    assert isinstance(model, MlpSpec)  # refuse_unseeable
    about = {
        "study": plan.spec.name,
        "trial": job.number,
        "fold": asked.fold,
        "folds": len(plan.splits),
        "engine": result.engine,
        "task": plan.table.task,
        "target": plan.table.target_name,
        "labels": list(plan.table.labels),
        "metric": plan.goal.metric,
        "judged": "the same rows, after the epoch," if plan.same_rows else "validation",
        "score": fold.score,
        "seed": job.seed,
        "params": dict(job.params),
    }
    network = {
        "inputs": list(preparation.features),
        "outputs": _outputs(plan),
        "slope": model.negative_slope,
        "output": training.head.activation,
        "loss": training.head.loss,
        "penalties": [{name: value for name, value in (("l1", l1), ("l2", l2)) if value} for l1, l2 in model.penalties],
        "optimizer": {**settings(job.spec.fit.optimizer), "kind": job.spec.fit.optimizer.kind},
        "written_out": is_written_out(job.spec.fit.optimizer),
    }
    kept = sorted(recorder.weights)
    return result, {
        "about": about,
        "network": network,
        "step": _step(asked, training, recorder, fold.curves["learning_rate"]),
        "epochs": {
            "kept": kept,
            "best": fold.best_epoch,
            "steps": asked.steps,
            "weights": [_as_layers(recorder.weights[epoch]) for epoch in kept],
        },
        "curves": _curves(fold.curves),
        "plane": plane_over_epochs(plan.table, split, job, preparation, training, recorder),
    }


def frames(epochs: int) -> list[int]:
    """The epochs after which the network is shown, 0 for its first weights; more of the early ones."""
    if epochs <= MOST_FRAMES:
        return list(range(epochs + 1))
    return sorted({round(epochs * (place / MOST_FRAMES) ** EARLY) for place in range(MOST_FRAMES + 1)})


def _outputs(plan: Plan) -> list[str]:
    """A name for each output unit: the labels, of two the second; the columns of numbers."""
    if plan.table.targets:
        return list(plan.table.classes)
    labels = plan.table.labels
    return list(labels) if len(labels) > 2 else [labels[1] if labels else plan.table.target_name]


def _step(asked: Watched, training: Training, recorder: Recorder, rates: Sequence[float]) -> Values:
    """The step; matrices are (units, inputs), as W x needs them."""
    from foldwise.training.one_step import take_apart

    step = take_apart(training, asked.data, recorder, rates)
    shown = slice(MOST_ROWS)
    own = asked.job.spec.balance.kind in KEEP_ROWS
    train = asked.plan.splits[asked.fold].train
    layers = [
        {
            "activation": layer.activation,
            "z": layer.z[shown],
            "a": layer.a[shown],
            "kept": None if layer.kept is None else layer.kept[shown],
            "delta": layer.delta[shown],
            "before": _turned(layer.before),
            "gradient": _turned(layer.gradient),
            "after": _turned(layer.after),
            "remembered": {name: [_turned(old), _turned(new)] for name, (old, new) in layer.remembered.items()},
        }
        for layer in step.layers
    ]
    return {
        "number": step.number,
        "epoch": step.epoch,
        "batch": step.batch,
        "batches": step.batches,
        "rate": step.rate,
        "rows": len(step.rows),
        "source": asked.plan.table.rows[train[step.rows[shown]]] if own else None,
        "x": step.x[shown],
        "y": step.y[shown],
        "weight": None if step.weight is None else step.weight[shown],
        "losses": step.losses[shown],
        "mean": step.cost - step.penalty,
        "penalty": step.penalty,
        "cost": step.cost,
        "layers": layers,
        "apart": step.apart,
    }


def _turned(pair: tuple[Floats, Floats]) -> Values:
    return {"W": pair[0].T, "b": pair[1]}


def _as_layers(weights: Sequence[npt.NDArray[Any]]) -> list[Values]:
    """Weights as the layers of the drawing, with as many digits as it shows."""
    pairs = zip(weights[::2], weights[1::2], strict=True)
    return [{"W": _short(kernel.T), "b": _short(bias)} for kernel, bias in pairs]


def _short(values: npt.NDArray[Any]) -> Any:
    return [_short(row) for row in values] if values.ndim > 1 else [float(f"{value:.4g}") for value in values]


def _curves(curves: Mapping[str, Sequence[float]]) -> Values:
    """Epochs and the values of each curve."""
    count = len(curves["loss"])
    places = sorted({round(place) for place in np.linspace(0, count - 1, min(count, MOST_POINTS))})
    return {
        "epochs": [place + 1 for place in places],
        "values": {name: [float(f"{values[place]:.5g}") for place in places] for name, values in curves.items()},
    }

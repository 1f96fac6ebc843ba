"""One training step of a small network, taken apart: what goes forward, what comes back, and what the step changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from foldwise.data.preparation.fold import FoldData
from foldwise.models.mlp_weights import layer_seeds
from foldwise.seeds import Purpose, derive
from foldwise.spec.model import MlpSpec
from foldwise.training.batches import epoch_orders, rows_per_batch, steps_an_epoch
from foldwise.training.fold_fit import Training
from foldwise.training.fused.draws import stream
from foldwise.training.losses import loss_for
from foldwise.training.recorder import Recorder
from foldwise.training.updates import is_written_out, updated

Floats = npt.NDArray[np.float64]
Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class LayerStep:
    """A dense layer in a step; of each pair the kernel (inputs, units) stands first, the bias (units,) second.

    z, a: before and after the activation, (rows, units). kept: by what dropout multiplies a, (rows, units); None without it.
    delta: the derivative of each row's own loss by z, (rows, units).
    before, gradient, after: the weights before the step, the derivative of the cost by them, and the weights after it.
    remembered: what the optimizer knew before and knows after, a pair each, by the name of the slot.
    """

    activation: str
    z: Floats
    a: Floats
    kept: Floats | None
    delta: Floats
    before: tuple[Floats, Floats]
    gradient: tuple[Floats, Floats]
    after: tuple[Floats, Floats]
    remembered: Mapping[str, tuple[tuple[Floats, Floats], tuple[Floats, Floats]]]


@dataclass(frozen=True, eq=False)
class OneStep:
    """A step: the batch, its losses, and the layers from the first hidden one to the output.

    number: of the step, counted from 1 over all epochs. epoch, batch: from 1. batches: of an epoch. rate: the learning rate.
    rows: positions among the fold's prepared training rows, (rows,).
    x, y: features and targets as the network sees them, (rows, features) and (rows, outputs). weight: of each row, or None.
    losses: of each row, (rows,). penalty: of the weights. cost: the mean of the losses and the penalty, which the step lowers.
    apart: the largest difference between the engine's weights after the step and those computed from these numbers by the
        written-out rule of the optimizer; None if it has none here.
    """

    number: int
    epoch: int
    batch: int
    batches: int
    rate: float
    rows: npt.NDArray[np.int32]
    x: Floats
    y: Floats
    weight: Floats | None
    losses: Floats
    penalty: float
    cost: float
    layers: tuple[LayerStep, ...]
    apart: float | None


def take_apart(training: Training, data: FoldData, recorder: Recorder, rates: Sequence[float]) -> OneStep:
    """The recorded step.

    The weights before and after are the engine's, in its own precision. Values and derivatives between them are TensorFlow's
    for these weights and this batch, in double precision.

    Args:
        training: the trial's; its model is an mlp of dense layers, with or without dropout.
        data: the fold's prepared rows.
        recorder: filled by an engine.
        rates: the fold's learning rates, one for each epoch.
    """
    model = training.model
    assert isinstance(model, MlpSpec)
    assert recorder.before is not None
    assert recorder.after is not None
    rows = len(data.train_x)
    size, steps = rows_per_batch(training.fit.batch_size, rows), steps_an_epoch(training.fit.batch_size, rows)
    epoch, batch = divmod(recorder.step - 1, steps)
    orders = epoch_orders(training.seed, training.number, recorder.fold, rows, epoch + 1)
    chosen = next(islice(orders, epoch, None))[batch * size : (batch + 1) * size]
    x, y = np.asarray(data.train_x)[chosen], np.asarray(data.train_y)[chosen]
    weight = None if data.train_weight is None else np.asarray(data.train_weight)[chosen]
    masks = _masks(training, model, size, recorder.step - 1, len(chosen))
    variables = [_exact(array) for array in recorder.before.weights]
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(variables)
        inputs, outputs = _forward(model, training.head.activation, variables, _exact(x), masks)
        losses = loss_for(training.head, per_row=True, dtype="float64")(_exact(y), outputs[-1])
        total = tf.reduce_sum(losses)
        mean = tf.reduce_mean(losses if weight is None else losses * _exact(weight))
        penalty = _penalty(model, variables)
        cost = mean + penalty
    deltas, gradients = tape.gradient(total, inputs), tape.gradient(cost, variables)
    pairs = [_pairs(arrays) for arrays in (recorder.before.weights, gradients, recorder.after.weights)]
    remembered = {
        name: (_pairs(recorder.before.slots[name]), _pairs(recorder.after.slots[name])) for name in recorder.before.slots
    }
    names = [*(layer.activation for layer in model.layers), training.head.activation]
    layers = tuple(
        LayerStep(
            activation=name,
            z=_doubles(inputs[place]),
            a=_doubles(outputs[place]),
            kept=_doubles(masks[place]) if place in masks else None,
            delta=_doubles(deltas[place]),
            before=pairs[0][place],
            gradient=pairs[1][place],
            after=pairs[2][place],
            remembered={slot: (old[place], new[place]) for slot, (old, new) in remembered.items()},
        )
        for place, name in enumerate(names)
    )
    return OneStep(
        number=recorder.step,
        epoch=epoch + 1,
        batch=batch + 1,
        batches=steps,
        rate=rates[epoch],
        rows=chosen,
        x=_doubles(x),
        y=_doubles(y),
        weight=None if weight is None else _doubles(weight),
        losses=_doubles(losses),
        penalty=float(penalty),
        cost=float(cost),
        layers=layers,
        apart=_apart(training, layers, rates[epoch], recorder.step),
    )


def outputs_of(training: Training, weights: Sequence[Array], x: Array) -> Floats:
    """The network's outputs (rows, outputs) for features (rows, features), with these weights and without dropout."""
    assert isinstance(training.model, MlpSpec)
    variables = [_exact(array) for array in weights]
    return _doubles(_forward(training.model, training.head.activation, variables, _exact(x), {})[1][-1])


def _forward(
    model: MlpSpec, last: str, weights: Sequence[tf.Tensor], x: tf.Tensor, masks: Mapping[int, tf.Tensor]
) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
    """What goes into each activation and what comes out, before dropout; x and the masks are (rows, units)."""
    inputs, outputs = [], []
    names = [*(layer.activation for layer in model.layers), last]
    for place, (kernel, bias) in enumerate(zip(weights[::2], weights[1::2], strict=True)):
        inputs.append(tf.matmul(x, kernel) + bias)
        if names[place] == "leaky_relu":
            outputs.append(keras.activations.leaky_relu(inputs[-1], negative_slope=model.negative_slope))
        else:
            outputs.append(keras.activations.get(names[place])(inputs[-1]))
        x = outputs[-1] * masks[place] if place in masks else outputs[-1]
    return inputs, outputs


def _masks(training: Training, model: MlpSpec, size: int, before: int, rows: int) -> dict[int, tf.Tensor]:
    """By what dropout multiplies hidden layers, by their places, in the step after `before` others, (rows, units) each."""
    seed = derive(Purpose.LAYERS, training.seed, training.number)
    found = {}
    for place, own in layer_seeds(model, seed):
        draws = stream(own, before, 1, (size, model.widths[place]), False, keras.config.floatx())[0, :rows]
        rate = model.layers[place].dropout
        found[place] = _exact(np.where(draws >= np.float32(rate), 1.0 / (1.0 - rate), 0.0))
    return found


def _penalty(model: MlpSpec, weights: Sequence[tf.Tensor]) -> tf.Tensor:
    """L1 and L2 of the kernels."""
    pairs = zip(model.penalties, weights[::2], strict=True)
    return tf.add_n([l1 * tf.reduce_sum(tf.abs(w)) + l2 * tf.reduce_sum(tf.square(w)) for (l1, l2), w in pairs])


def _apart(training: Training, layers: Sequence[LayerStep], rate: float, step: int) -> float | None:
    optimizer = training.fit.optimizer
    if not is_written_out(optimizer):
        return None
    worst = 0.0
    for layer in layers:
        for place in range(2):
            slots = {name: old[place] for name, (old, _) in layer.remembered.items()}
            mine = updated(optimizer, layer.before[place], layer.gradient[place], slots, rate, step)
            worst = max(worst, float(np.abs(mine - layer.after[place]).max()))
    return worst


def _pairs(arrays: Sequence[Any]) -> list[tuple[Floats, Floats]]:
    """Kernel and bias of each layer."""
    return [(_doubles(kernel), _doubles(bias)) for kernel, bias in zip(arrays[::2], arrays[1::2], strict=True)]


def _exact(array: Array) -> tf.Tensor:
    """In double precision, so that what is shown are the formulas' own values for the engine's weights."""
    return tf.constant(np.asarray(array, dtype=np.float64))


def _doubles(values: Any) -> Floats:
    return np.asarray(keras.ops.convert_to_numpy(values), dtype=np.float64)

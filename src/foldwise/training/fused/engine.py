"""The engine `fused`: all folds of a trial as one program, their weights and data stacked along a first axis.

Each fold has its own features, learning rate, patience and kept weights, and stops on its own.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from foldwise.data.preparation.fold import Features, FoldData
from foldwise.models.first_by_data import arranged, fitted_weights
from foldwise.models.heads import to_predictions
from foldwise.models.mlp_weights import NOISE, Sides, Weight, layer_seeds, weights_of
from foldwise.seeds import Purpose, derive
from foldwise.spec.fit import FitSpec, RateFactors
from foldwise.spec.goal import NUMBERS
from foldwise.spec.model import MlpSpec
from foldwise.training.batches import epoch_orders, rows_per_batch
from foldwise.training.engine_rule import SMALL, multiplications
from foldwise.training.fold_fit import FoldFit, Predictions, Training
from foldwise.training.fused.draws import stream
from foldwise.training.fused.network import RuntimeParams, Shape
from foldwise.training.fused.optimizers import numbers_of, rule_for
from foldwise.training.fused.program import Inputs, Key, Plan, Program, State, program_for
from foldwise.training.fused.recording import recording_of
from foldwise.training.fused.rows import ROWS_AT_ONCE, stacked, train_rows, valid_rows
from foldwise.training.fused.step import Learner
from foldwise.training.fused.weights import packing_of

Array = npt.NDArray[Any]

# Layers are padded to these widths; a wider layer keeps its own. So trials share compiled programs, and oneDNN, which caches
# a compiled product for every new shape, caches few: without it each new width costs a megabyte.
BUCKETS = (16, 32, 64, 128, 256, 512)
# Compiling pays off from this number of steps on, and sooner where a step has much to do.
STEPS_THAT_PAY = 2000
SOONER = 6
EPOCHS_AT_ONCE = 32
FIRST_STEPS = 2000  # in the first call, before the time of a step is known
SECONDS_A_CALL = 1.0  # a longer call halves the epochs of the next, so that on_epoch_end runs often; results do not change
DRAWS_AT_ONCE = 16_000_000  # numbers drawn for one call


def fit_folds(training: Training, folds: Iterable[tuple[int, FoldData]]) -> Iterator[FoldFit]:
    """Train all folds at once; yield them in order after the last has ended."""
    began = time.perf_counter()
    numbered = list(folds)
    lost = False
    stack = _Stack(training, numbered)
    plateau = training.rates.plateau is not None
    rates = [training.rates] * len(numbered)
    at_once = min(stack.most, max(1, FIRST_STEPS // max(stack.steps)))
    singly = plateau or stack.recording is not None
    while stack.before < training.fit.epochs and stack.running.any() and not lost:
        until = next((rung for rung in training.rungs if rung > stack.before), training.fit.epochs)
        epochs = min(1 if singly else at_once, until - stack.before)
        called = time.perf_counter()
        stack.run(np.array([[of.rate(stack.before + epoch) for of in rates] for epoch in range(epochs)]))
        if plateau:
            losses = stack.curves["val_loss" if stack.has_valid else "loss"]
            rates = [of.after(stack.before - 1, curve[-1]) for of, curve in zip(rates, losses, strict=True)]
        if stack.before in training.rungs and stack.running.any():
            lost = training.lost(stack.before, stack.answers())
        stack.show_curves()
        training.on_epoch_end()
        slow = time.perf_counter() - called > SECONDS_A_CALL
        at_once = max(1, at_once // 2) if slow else min(2 * at_once, stack.most)
    yield from stack.results(time.perf_counter() - began, lost)


class _Stack:
    """The folds' arrays on the device, their progress, and the program that trains them.

    before: epochs run. running: which folds still train. curves: name -> a list of values for each fold.
    """

    def __init__(self, training: Training, folds: Sequence[tuple[int, FoldData]]) -> None:
        self.training, self.folds, self.numbers_of_folds = training, [d for _, d in folds], [n for n, _ in folds]
        spec, fit = training.model, training.fit
        assert isinstance(spec, MlpSpec)  # see engine_rule
        self.spec = spec
        layouts = [data.layout for data in self.folds]
        self.shape = Shape.of(spec, training.head, layouts[0])
        self.dtype = keras.config.floatx()
        self.layers_seed = derive(Purpose.LAYERS, training.seed, training.number)
        counts = [len(data.train_x) for data in self.folds]
        self.features = [data.train_x.shape[1] for data in self.folds]
        self.real = [
            Sides.of(spec, layout, inputs, training.head.units) for layout, inputs in zip(layouts, self.features, strict=True)
        ]
        self.batch = rows_per_batch(fit.batch_size, max(counts))
        self.steps = [math.ceil(count / self.batch) for count in counts]
        small = multiplications(spec, self.batch, max(self.features), training.head.units) <= SMALL and not spec.has_parts
        compiled = fit.epochs * max(self.steps) >= (STEPS_THAT_PAY if small else STEPS_THAT_PAY // SOONER)
        self.widths = [_bucket(width) for width in spec.widths]
        self.sides = _padded(self.real, self.widths)
        flat = (self.sides.numbers, self.sides.rest, *self.sides.levels, *self.widths, self.sides.units)
        self.packing = packing_of(self.shape, self.sides)
        self.has_valid = any(len(data.valid_x) for data in self.folds)
        self.most = 1 if training.rates.plateau is not None else self._epochs_at_once()
        self.orders = [
            epoch_orders(training.seed, training.number, number, count, fit.epochs)
            for number, count in zip(self.numbers_of_folds, counts, strict=True)
        ]
        trained, moving = self._first_weights()
        optimizer = numbers_of(fit.optimizer)
        first = [optimizer[slot] if isinstance(slot, str) else slot for slot in rule_for(fit.optimizer).slots]
        count = len(self.folds)
        self.state = State(
            learner=Learner(
                trained=trained,
                moving=moving,
                slots=tuple(tf.fill(trained.shape, self._tensor(value)) for value in first),
                steps=tf.zeros([count], self.dtype),
            ),
            active=tf.ones([count], tf.bool),
            best=tf.fill([count], self._tensor(math.inf)),
            wait=tf.zeros([count], tf.int32),
            best_epoch=tf.zeros([count], tf.int32),
            kept=(trained, moving),
        )
        numbers = {name: self._tensor(value) for name, value in {**optimizer, **_numbers_of(spec)}.items()}
        acting = [pair for pair, acts in zip(spec.penalties, self.shape.penalised, strict=True) if acts]
        numbers |= self._by_weight(fit)
        if fit.label_smoothing > 0:
            numbers["label_smoothing"] = self._tensor(fit.label_smoothing)
        numbers |= {"l1": [self._tensor(l1) for l1, _ in acting], "l2": [self._tensor(l2) for _, l2 in acting]}
        masks = [np.arange(padded) < width for width, padded in zip(spec.widths, self.widths, strict=True)]
        dropped = [layer.dropout for layer in spec.layers if layer.dropout > 0]
        runtime = RuntimeParams(
            slope=self._tensor(spec.negative_slope),
            rates=[self._tensor(rate) for rate in dropped],
            scales=[self._tensor(1.0 / (1.0 - rate)) for rate in dropped],
            noise=self._tensor(spec.noise),
            sides=tf.constant(flat),
            masks=[self._tensor(mask) for mask in masks],
            shares=[self._tensor(share)[:, None, None] for share in self._shares()],
        )
        train = train_rows(self.folds, self._arrange, self.dtype)
        block = ROWS_AT_ONCE if self.shape.in_blocks else None
        self.inputs = Inputs(train, valid_rows(self.folds, self._arrange, self.dtype, block), runtime, numbers)
        stop = fit.early_stop
        gain = [stop.least_gain(data.target.unit) for data in self.folds] if stop.in_own_unit else stop.min_delta
        self.patience = tf.constant(stop.patience or 0), self._tensor(gain)
        self.before = 0
        self.running = np.ones(count, dtype=bool)
        self.curves: dict[str, list[list[float]]] = {}
        self.program: Program = program_for(
            Key(
                shape=self.shape,
                optimizer=fit.optimizer.kind,
                switches=frozenset(name for name, value in fit.optimizer.parameters.items() if value is True),
                numbers=frozenset(numbers),
                masked=len(set(self.steps)) > 1 or stop.patience is not None,
                monitored=stop.monitor if stop.patience is not None else "",
                more=stop.patience is not None and stop.sign < 0,
                last=stop.patience is not None and stop.ties == "last",
                compiled=compiled,
                decay_schedule=fit.weight_decay_schedule != "constant",
                sides=flat if compiled else (),
                sizes=self._sizes() if compiled else self._kinds(),
            ),
            fit.optimizer,
        )
        self.recording = recording_of(training, self.numbers_of_folds, self.steps, self.packing, self.real_shapes)
        if self.recording is not None:
            self.recording.at_epoch(0, self.state)

    def run(self, rates: Array) -> None:
        """Train some epochs at these rates (epochs, folds), each with its validation."""
        epochs = len(rates)
        order, real = self._batches(epochs)
        padded = np.zeros((self.most, len(self.folds)), dtype=self.dtype)
        padded[:epochs] = rates
        shares = [self.training.share(self.before + epoch) for epoch in range(self.most)]
        plan = Plan(
            order=order,
            real=real,
            draws=self._draws(epochs),
            rates=tf.constant(padded),
            shares=self._tensor(shares),
            epochs=tf.constant(epochs),
            before=tf.constant(self.before),
            patience=self.patience[0],
            min_delta=self.patience[1],
        )
        recording = self.recording if self.recording is not None and self.running[self.recording.place] else None
        if recording is not None:
            recording.at_step(self.program, self.state, plan, self.inputs, self.before)
        self.state, curves, ran = self.program.run(self.state, plan, self.inputs)
        self._note(rates, curves.numpy()[:epochs], ran.numpy()[:epochs])
        self.before += epochs
        if recording is not None:
            recording.at_epoch(self.before, self.state)
        self.running = self.state.active.numpy()

    def _note(self, rates: Array, values: Array, ran: Array) -> None:
        """Lengthen the curves of the folds that ran."""
        metric = "mae" if self.training.head.task in NUMBERS else "accuracy"
        names = ("learning_rate", "loss", metric, "val_loss", f"val_{metric}")
        columns = np.concatenate([rates[:, None, :], values], axis=1)
        for place, name in enumerate(names[: columns.shape[1]]):
            curves = self.curves.setdefault(name, [[] for _ in self.folds])
            for fold, curve in enumerate(curves):
                curve.extend(columns[ran[:, fold], place, fold].tolist())

    def show_curves(self) -> None:
        """Show each fold's curves so far."""
        for place, (number, data) in enumerate(zip(self.numbers_of_folds, self.folds, strict=True)):
            so_far = {name: values[place] for name, values in self.curves.items()}
            self.training.on_curves(number, so_far, data.target.unit)

    def answers(self) -> dict[int, Predictions]:
        """Each fold's predictions for its validation rows, if training ended here."""
        outputs = self._outputs()
        return {
            number: to_predictions(self.training.head, raw[: len(data.valid_x)], data.target)
            for number, data, raw in zip(self.numbers_of_folds, self.folds, outputs, strict=True)
        }

    @property
    def _kept(self) -> tuple[tf.Tensor, tf.Tensor]:
        monitored = self.training.fit.early_stop.patience is not None
        return self.state.kept if monitored else self.state.learner[:2]

    def _outputs(self) -> Array:
        """Raw outputs (folds, rows, units) of the kept weights for the validation rows, (folds, 0, units) if there are none."""
        valid = self.inputs.valid
        if valid is None:
            return np.zeros((len(self.folds), 0, self.training.head.units))
        outputs: Array = self.program.answer(self._kept, valid.x, self.inputs.runtime).numpy()
        return outputs

    def results(self, seconds: float, lost: bool) -> Iterator[FoldFit]:
        """Each fold's result, from its kept weights."""
        monitored = self.training.fit.early_stop.patience is not None
        outputs = self._outputs()
        arrays = [array.numpy() for array in self.packing.unpack(*self._kept)]
        best_epochs = self.state.best_epoch.numpy()
        for place, (number, data) in enumerate(zip(self.numbers_of_folds, self.folds, strict=True)):
            curves = {name: values[place] for name, values in self.curves.items()}
            best_epoch = int(best_epochs[place]) if monitored else len(curves["loss"])
            shapes = self.real_shapes[place]
            weights = [array[(place, *map(slice, shape))] for array, shape in zip(arrays, shapes, strict=True)]
            failure = _failure(number, curves)
            if failure is None and not all(np.isfinite(weight).all() for weight in weights):
                failure = f"the weights of fold {number} are not finite after epoch {best_epoch}"
            raw = outputs[place, : len(data.valid_x) if failure is None else 0]
            unit = {"mae": data.target.unit, "val_mae": data.target.unit}
            yield FoldFit(
                fold=number,
                weights=weights,
                predictions=to_predictions(self.training.head, raw, data.target),
                curves={name: tuple(value * unit.get(name, 1.0) for value in values) for name, values in curves.items()},
                best_epoch=best_epoch,
                seconds=seconds / len(self.folds),
                failure=failure,
                lost=lost,
            )

    def _tensor(self, value: Any) -> tf.Tensor:
        return tf.constant(np.asarray(value, dtype=self.dtype))

    def _arrange(self, data: FoldData, x: Features) -> list[Features]:
        """Features in the order of the network, see network.forward."""
        return [*arranged(np.asarray(x), data.layout, self.spec)] if self.shape.parts.splits else [x]

    def _shares(self) -> list[list[float]]:
        """What the inputs of each kernel are multiplied by, a number a fold, with the parametrisation ntp."""
        if not self.shape.ntp:
            return []
        first = [self.shape.parts.entering(sides) for sides in self.real]
        inputs = [first, *([width] * len(first) for width in self.spec.widths)]
        # Keras's Rescaling rounds its factor to single precision
        return [[float(np.float32(1.0 / math.sqrt(of_fold))) for of_fold in of_layer] for of_layer in inputs]

    def _by_weight(self, fit: FitSpec) -> dict[str, tf.Tensor]:
        """The factor of the learning rate of each trained weight, and whether it decays, (1, numbers) each."""
        every = [weight for weight in weights_of(self.shape.parts, self.sides) if weight.trained]
        found = {}
        if fit.rate_factors != RateFactors():
            found["rate_factors"] = [getattr(fit.rate_factors, weight.group) if weight.group else 1.0 for weight in every]
        if fit.weight_decay_on == "kernels":
            found["decays"] = [0.0 if weight.group == "bias" else 1.0 for weight in every]
        return {name: self._spread(every, values) for name, values in found.items()}

    def _spread(self, weights: Sequence[Weight], values: Sequence[float]) -> tf.Tensor:
        """A value for each weight, as one for each of its numbers, (1, numbers)."""
        each = zip(weights, values, strict=True)
        return self.packing.trained.pack([self._tensor(np.full((1, *weight.shape), value)) for weight, value in each])

    def _epochs_at_once(self) -> int:
        """Epochs in one call: enough to make calls cheap, few enough to keep the draws of random layers small."""
        widths = [width for width, drops in zip(self.widths, self.shape.dropouts, strict=True) if drops]
        dropping = sum(widths) * self.spec.members
        drawn: int = max(self.steps) * self.batch * (dropping + max(self.features) * self.shape.noise)
        return max(1, min(EPOCHS_AT_ONCE, self.training.fit.epochs, DRAWS_AT_ONCE // max(1, drawn)))

    def _first_weights(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Each fold's first weights, as Keras draws them for its number of features: trained and moving."""
        training = self.training
        seeds = [derive(Purpose.WEIGHTS, training.seed, training.number, number) for number in self.numbers_of_folds]
        first = fitted_weights(self.spec, self.folds, training.head, seeds)
        self.real_shapes = [[array.shape for array in arrays] for arrays in first]
        padded = [weight.shape for weight in weights_of(self.shape.parts, self.sides)]
        return self.packing.pack(
            [stacked([arrays[place] for arrays in first], shape, self.dtype) for place, shape in enumerate(padded)]
        )

    def _batches(self, epochs: int) -> tuple[tf.Tensor, tf.Tensor]:
        """Row positions of the next epochs (epochs at once, folds, steps, batch), and 1 for real rows, 0 for padding."""
        steps = max(self.steps)
        order = np.zeros((self.most, len(self.folds), steps * self.batch), dtype=np.int32)
        real = np.zeros(order.shape, dtype=self.dtype)
        for place, orders in enumerate(self.orders):
            for epoch in range(epochs):
                rows = next(orders)
                order[epoch, place, : len(rows)] = rows
            real[:epochs, place, : len(rows)] = 1.0
        shape = (self.most, len(self.folds), steps, self.batch)
        return tf.constant(order.reshape(shape)), tf.constant(real.reshape(shape))

    def _draws(self, epochs: int) -> list[tf.Tensor]:
        """The draws of the next epochs, from the same streams as Keras's layers.

        One tensor for each random layer: (epochs at once, steps, folds or 1, batch, width).
        """
        steps = max(self.steps)
        alike = len(set(self.steps)) == 1
        draws = []
        for place, seed in layer_seeds(self.spec, self.layers_seed):
            noise = place == NOISE
            widths = self.features if noise else [self.spec.widths[place]] * len(self.folds)
            padded = max(self.features) if noise else self.widths[place]
            rows = self.batch * (1 if noise else self.spec.members)
            each = list(zip(self.steps, widths, strict=True))[: 1 if alike and len(set(widths)) == 1 else None]
            drawn = np.zeros((self.most, steps, len(each), rows, padded), dtype=self.dtype)
            for fold, (own, width) in enumerate(each):
                part = stream(seed, self.before * own, epochs * own, (rows, width), noise, self.dtype)
                drawn[:epochs, :own, fold, :, :width] = part.reshape(epochs, own, rows, width)
            draws.append(tf.constant(drawn))
        return draws

    def _kinds(self) -> tuple[Any, ...]:
        """Which arrays there are, and their precision: a program for any size depends on them too."""
        weighted = [rows is not None and rows.weight is not None for rows in self.inputs[:2]]
        return self.dtype, self.has_valid, *weighted

    def _sizes(self) -> tuple[Any, ...]:
        """The shapes for which a program is compiled."""
        arrays = [*self.inputs.train, *(self.inputs.valid or ())]
        shapes = tuple(None if array is None else tuple(array.shape) for array in arrays)
        shared = len(set(self.steps)) == 1, len(set(self.features)) == 1
        return (self.dtype, shapes, tuple(self.widths), self.batch, max(self.steps), self.most, shared)


def _padded(each: Sequence[Sides], widths: Sequence[int]) -> Sides:
    """Sizes that hold those of every fold, with padded hidden layers."""
    rest, numbers = max(sides.rest for sides in each), each[0].numbers
    levels = tuple(max(sizes) for sizes in zip(*(sides.levels for sides in each), strict=True))
    return Sides(numbers, rest, levels, tuple(widths), each[0].units)


def _numbers_of(spec: MlpSpec) -> dict[str, float]:
    """The numbers of penalties of biases and activities, and of a constraint."""
    named = ("bias_l1", "bias_l2", "activity_l1", "activity_l2")
    return {name: getattr(spec, name) for name in named} | spec.kernel_constraint.model_dump(exclude={"kind"})


def _bucket(width: int) -> int:
    return next((bucket for bucket in BUCKETS if bucket >= width), width)


def _failure(fold: int, curves: dict[str, list[float]]) -> str | None:
    """The first value that is not finite, in the words of the engine `keras`."""
    for name in ("loss", "val_loss"):
        for epoch, value in enumerate(curves.get(name, ()), 1):
            if not math.isfinite(value):
                return f"{name} is not finite in epoch {epoch} of fold {fold}"
    return None

"""The engine `fused` on JAX: all folds of a trial at once, any Keras network, on JAX.

A fold's steps are those of Keras's own `fit` on JAX: its training step is mapped over folds. Each fold has its own learning
rate, patience, random draws and kept weights, and stops on its own.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import jax.numpy as jnp
import keras
import numpy as np
import numpy.typing as npt

from foldwise.data.preparation.fold import FoldData
from foldwise.models.build import first_weights
from foldwise.models.heads import to_predictions
from foldwise.seeds import Purpose, derive
from foldwise.training.batches import USUAL_BATCH, epoch_orders
from foldwise.training.fold_fit import FoldFit, Predictions, Training
from foldwise.training.fused_jax.arrays import Group, Learner, Sizes
from foldwise.training.fused_jax.grouped import groups_of
from foldwise.training.fused_jax.network import Inputs, compiled_for, first_seeds, forget_networks
from foldwise.training.fused_jax.program import Plan, State, program_for, settled
from foldwise.training.fused_jax.recording import recording_of
from foldwise.training.fused_jax.rows import train_rows, valid_rows
from foldwise.training.program_cache import program_cache

Array = npt.NDArray[Any]
EPOCHS_AT_ONCE = 32
FIRST_STEPS = 2000  # in the first call, before the time of a step is known
SECONDS_A_CALL = 1.0  # a longer call halves the epochs of the next, so that on_epoch_end runs often; results do not change
ORDERS_AT_ONCE = 16_000_000  # row numbers sent for one call


def fit_folds(training: Training, folds: Iterable[tuple[int, FoldData]]) -> Iterator[FoldFit]:
    """Train all folds at once; yield them in order after the last has ended. Folds with unlike inputs train apart."""
    alike: dict[Inputs, list[tuple[int, FoldData]]] = {}
    for number, data in folds:
        alike.setdefault(Inputs.of(training, data), []).append((number, data))
    fits: list[FoldFit] = []
    try:
        for inputs, of_these in alike.items():
            fits += _fit(training, inputs, of_these)
            if any(fit.lost for fit in fits):
                break
    except BaseException:  # such as out of memory: free the failed network's memory for the next trial
        forget_networks()
        raise
    yield from sorted(fits, key=lambda fit: fit.fold)


def _fit(training: Training, inputs: Inputs, folds: Sequence[tuple[int, FoldData]]) -> Iterator[FoldFit]:
    began = time.perf_counter()
    lost = False
    stack = _Stack(training, inputs, folds)
    plateau = training.rates.plateau is not None
    singly = plateau or stack.recording is not None
    rates = [training.rates] * len(folds)
    at_once = min(stack.most, max(1, FIRST_STEPS // stack.steps))
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
    cache = program_cache()
    if cache is not None and stack.is_new:
        cache.publish()


class _Stack:
    """The folds' arrays, their progress, and the program that trains them. Folds of one size stand side by side.

    is_new: whether its program was not there before. before: epochs run. running: which folds still train. curves: name -> a
    list of values for each fold. steps: of an epoch.
    """

    def __init__(self, training: Training, inputs: Inputs, folds: Sequence[tuple[int, FoldData]]) -> None:
        rows = [(len(data.train_x), len(data.valid_x)) for _, data in folds]
        order = sorted(range(len(folds)), key=lambda place: (rows.index(rows[place]), place))
        self.training, fit, stop = training, training.fit, training.fit.early_stop
        self.numbers, self.folds = [folds[place][0] for place in order], [folds[place][1] for place in order]
        counts = [len(data.train_x) for data in self.folds]
        self.has_valid = any(len(data.valid_x) for data in self.folds)
        self.most = self._epochs_at_once(max(counts))
        self.orders = [
            epoch_orders(training.seed, training.number, number, count, fit.epochs)
            for number, count in zip(self.numbers, counts, strict=True)
        ]
        self.compiled = compiled_for(training, inputs, _one_row(self.folds[0]))
        usual = USUAL_BATCH if fit.batch_size is None else fit.batch_size
        monitored = stop.monitor if stop.patience is not None else ""
        most, pads = max(counts), self.compiled.sees_rows_alone
        valid = [len(data.valid_x) for data in self.folds]
        batch = most if usual == "full" else min(usual, most)
        if not pads:  # a batch of more than all rows leaves each fold its last batch alone
            batch = most + 1 if usual == "full" else usual
        self.steps = math.ceil(most / batch)
        self.width = self.steps * batch if pads else most
        self.train, self.valid = train_rows(self.folds, self.width), valid_rows(self.folds)
        self.groups = () if pads else groups_of(list(zip(counts, valid, strict=True)))
        sizes = Sizes(
            groups=self.groups,
            batch=batch,
            alike=len(set(counts)) == 1 and most % batch == 0,
            valid=max(valid),
            monitored=monitored,
            more=bool(monitored) and stop.sign < 0,
            last=bool(monitored) and stop.ties == "last",
        )
        self.is_new = sizes not in self.compiled.programs
        self.program = program_for(self.compiled, sizes)
        self.state = self._first_state(first_seeds(training, inputs, self.compiled))
        precision = self.state.best.dtype
        gain = [stop.least_gain(data.target.unit) for data in self.folds]
        self.patience = np.int32(stop.patience or 0), np.array(gain, dtype=precision)
        self.before = 0
        self.running = np.ones(len(folds), dtype=bool)
        self.curves: dict[str, list[list[float]]] = {}
        steps = [math.ceil(count / batch) for count in counts]
        self.recording = recording_of(training, self.numbers, steps, self.compiled, sizes)
        if self.recording is not None:
            self.recording.at_epoch(0, self.state.learner)

    def run(self, rates: Array) -> None:
        """Train some epochs at these rates (epochs, folds), each with its validation."""
        epochs, folds = rates.shape
        orders = np.zeros((self.most, folds, self.width), dtype=np.int32)
        for fold, own in enumerate(self.orders):
            for epoch in range(epochs):
                order = next(own)
                orders[epoch, fold, : len(order)] = order
        padded = np.zeros((self.most, folds), dtype=self.state.best.dtype)
        padded[:epochs] = rates
        shares = [self.training.share(self.before + epoch) for epoch in range(self.most)]
        plan = Plan(
            orders=orders,
            rates=padded,
            shares=np.array(shares, dtype=self.state.best.dtype),
            epochs=np.int32(epochs),
            before=np.int32(self.before),
            patience=self.patience[0],
            min_delta=self.patience[1],
        )
        recording = self.recording if self.recording is not None and self.running[self.recording.place] else None
        if recording is not None:
            recording.at_step(self.state.learner, plan, self.train, self.before)
        result = self.program.run(self.state, plan, self.train, self.valid)
        self.state = result.state
        self._note(rates, {name: np.asarray(curve) for name, curve in result.curves.items()}, np.asarray(result.ran)[:epochs])
        self.before += epochs
        if recording is not None:
            recording.at_epoch(self.before, self.state.learner)
        self.running = np.asarray(self.state.active)

    def _note(self, rates: Array, curves: dict[str, Array], ran: Array) -> None:
        """Lengthen the curves of the folds that ran."""
        for name, values in {"learning_rate": rates, **curves}.items():
            lists = self.curves.setdefault(name, [[] for _ in self.folds])
            for fold, curve in enumerate(lists):
                if not name.startswith("val_") or len(self.folds[fold].valid_x):
                    curve.extend(values[: len(ran)][ran[:, fold], fold].tolist())

    def show_curves(self) -> None:
        """Show each fold's curves so far."""
        for place, (number, data) in enumerate(zip(self.numbers, self.folds, strict=True)):
            self.training.on_curves(number, self._own(place), data.target.unit)

    def answers(self) -> dict[int, Predictions]:
        """Each fold's predictions for its validation rows, if training ended here."""
        outputs = self._outputs(self._kept())
        return {
            number: to_predictions(self.training.head, raw, data.target)
            for number, data, raw in zip(self.numbers, self.folds, outputs, strict=True)
        }

    def results(self, seconds: float, lost: bool) -> Iterator[FoldFit]:
        """Each fold's result, from its kept weights."""
        kept = self._kept()
        outputs = self._outputs(kept)
        trained, others = ([np.asarray(array) for array in part] for part in kept)
        best_epochs = np.asarray(self.state.best_epoch)
        for place, (number, data) in enumerate(zip(self.numbers, self.folds, strict=True)):
            curves = self._own(place)
            best_epoch = int(best_epochs[place]) if self._monitored else len(curves["loss"])
            weights = self.compiled.weights([one[place] for one in trained], [one[place] for one in others], True)
            failure = _failure(number, curves)
            if failure is None and not all(np.isfinite(weight).all() for weight in weights):
                failure = f"the weights of fold {number} are not finite after epoch {best_epoch}"
            raw = outputs[place] if failure is None else np.zeros((0, self.training.head.units))
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

    @property
    def _monitored(self) -> bool:
        return self.training.fit.early_stop.patience is not None

    def _own(self, place: int) -> dict[str, list[float]]:
        """The curves of one fold."""
        every = {name: values[place] for name, values in self.curves.items()}
        return {name: values for name, values in every.items() if values or not name.startswith("val_")}

    def _kept(self) -> tuple[list[Any], list[Any]]:
        return self.state.kept if self._monitored else settled(self.compiled, self.state.learner)

    def _outputs(self, kept: tuple[list[Any], list[Any]]) -> list[Array]:
        """Raw outputs (rows, units) for the validation rows of each fold."""
        answered = iter(self.program.answer(*kept, self.valid)) if self.has_valid else iter(())
        none = np.zeros((0, self.training.head.units))
        found: list[Array] = []
        for of in self.groups or (Group(0, len(self.folds), 0, int(self.has_valid)),):
            found += [*np.asarray(next(answered))] if of.valid else [none] * (of.stop - of.start)
        return [raw[: len(data.valid_x)] for raw, data in zip(found, self.folds, strict=True)]

    def _first_state(self, seeds: list[Array]) -> State:
        training = self.training
        each = []
        for number, data in zip(self.numbers, self.folds, strict=True):
            seed = derive(Purpose.WEIGHTS, training.seed, training.number, number)
            weights = first_weights(training.model, self.compiled.network, training.head, seed, data)
            each.append(self.compiled.split(weights, seeds))
        count, precision = len(self.folds), keras.config.floatx()
        trained, others = ([jnp.asarray(np.stack(parts)) for parts in zip(*of, strict=True)] for of in zip(*each, strict=True))
        optimizer = [jnp.asarray(np.repeat(value[None], count, axis=0)) for value in self.compiled.optimizer]
        return State(
            learner=Learner(trained, others, optimizer),
            active=jnp.ones(count, bool),
            best=jnp.full(count, math.inf, precision),
            wait=jnp.zeros(count, jnp.int32),
            best_epoch=jnp.zeros(count, jnp.int32),
            kept=(trained, others) if self._monitored else ([], []),
        )

    def _epochs_at_once(self, rows: int) -> int:
        """Epochs of a call at most: the same for all small tables and any `fit.epochs`, as each number is compiled."""
        if self.training.rates.plateau is not None:
            return 1
        most: int = min(EPOCHS_AT_ONCE, max(1, ORDERS_AT_ONCE // (rows * len(self.folds))))
        return 1 << (most.bit_length() - 1)


def _one_row(data: FoldData) -> tuple[Any, ...]:
    """A row as a network takes it."""
    x, y, weight = np.asarray(data.train_x[:1]), data.train_y[:1], data.train_weight
    return (x, y) if weight is None else (x, y, weight[:1])


def _failure(fold: int, curves: dict[str, list[float]]) -> str | None:
    """The first value that is not finite, in the words of the engine `keras`."""
    for name in ("loss", "val_loss"):
        for epoch, value in enumerate(curves.get(name, ()), 1):
            if not math.isfinite(value):
                return f"{name} is not finite in epoch {epoch} of fold {fold}"
    return None

"""The engine `keras`: folds one after the other through Keras's own `fit`, on any backend."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import keras
import numpy as np
import numpy.typing as npt

from foldwise.data.preparation.fold import Features, FoldData
from foldwise.data.preparation.layout import Layout
from foldwise.data.preparation.target_scale import TargetScale
from foldwise.models.build import answering, build, first_weights
from foldwise.models.heads import Head
from foldwise.seeds import Purpose, derive
from foldwise.spec.layers import LayersSpec
from foldwise.spec.model import MlpSpec
from foldwise.system.keras_backend import Backend
from foldwise.tasks.table import task_of
from foldwise.training.backends.of_process import forget
from foldwise.training.batches import rows_per_batch
from foldwise.training.by_fold.auxiliary import Assisted, Members
from foldwise.training.by_fold.batch_makers import Batch, batch_maker
from foldwise.training.by_fold.callbacks import own_callbacks
from foldwise.training.by_fold.dropout import ScheduledDropout
from foldwise.training.by_fold.early_stop import Patience
from foldwise.training.by_fold.optimizer import fit_optimizer
from foldwise.training.by_fold.precision import computing_in
from foldwise.training.by_fold.recording import Recording
from foldwise.training.by_fold.share import Share
from foldwise.training.fold_fit import FoldFit, Predictions, Training
from foldwise.training.losses import curve_metric, loss_for

STEPS_AT_ONCE = 64  # maximum of steps in the graph between two returns to Python; more would only delay Ctrl-C
MOST_NETWORKS = 4  # kept for later trials
PICTURES_AT_ONCE = 32  # pictures whose every pixel is answered: all maps of a batch are in memory together
ROWS_AT_ONCE = 4096  # rows in a batch of validation or prediction; its size does not change results
# Whether Keras compiles steps: on TensorFlow that takes longer than it saves, and without it JAX computes one by one.
COMPILES: Mapping[Backend, bool] = {"tensorflow": False, "jax": True, "torch": False}


def fit_folds(training: Training, folds: Iterable[tuple[int, FoldData]]) -> Iterator[FoldFit]:
    """Train each fold when the caller asks for it. Folds and trials with equal networks share one traced network."""
    networks: dict[tuple[Any, ...], _Compiled] = {}
    if training.fit.callbacks:
        forget_networks()  # they may change what is traced
    for number, data in folds:
        rows, inputs = len(data.train_x) * training.augment.copies, data.train_x.shape[1]
        steps = math.ceil(rows / rows_per_batch(training.fit.batch_size, rows))
        # a recorder or a callback may follow single steps, and Keras on PyTorch takes no others
        single = training.recorder is not None or training.fit.callbacks or training.backend == "torch"
        most = 1 if single else STEPS_AT_ONCE
        at_once = max(count for count in range(1, most + 1) if steps % count == 0)
        columns = data.columns if isinstance(training.model, LayersSpec) else ()
        kind = Inputs(inputs, columns, data.layout)
        if (kind, at_once) not in networks:
            networks[kind, at_once] = _network_for(training, kind, at_once)
        try:
            fit = _fit(training, networks[kind, at_once], number, data, steps)
        except BaseException:  # such as out of memory: free the failed network's memory for the next trial
            forget_networks()
            forget(training.backend)
            raise
        if training.fit.callbacks:
            networks.clear()
            forget_networks()
        yield fit
        if fit.lost:
            return


def forget_networks() -> None:
    """Drop the kept networks: the user's own function may depend on outside values and build another network now."""
    _networks.clear()


class Inputs(NamedTuple):
    """What a network takes: the number of features, their columns if its inputs have names, and their layout."""

    features: int
    columns: tuple[str, ...]
    layout: Layout


@dataclass(frozen=True, eq=False)
class _Compiled:
    """A compiled network, the first values of its optimizer and seeds, and the variables that count its random draws.

    share: of dropout and weight decay, where these follow a schedule.
    """

    network: keras.Model
    fresh: list[tuple[keras.Variable, npt.NDArray[Any]]]
    seeds: list[keras.Variable]
    share: Share


_networks: OrderedDict[tuple[Any, ...], _Compiled] = OrderedDict()


def _network_for(training: Training, inputs: Inputs, at_once: int) -> _Compiled:
    """A trial's network, new or reset. Tracing takes about as long as an epoch of a small table, so some networks are kept.

    Learning rates, seeds, epochs and patience are not traced; all other numbers are.
    """
    fit, optimizer = training.fit, training.fit.optimizer
    parameters = frozenset(optimizer.parameters.items())
    by_weight = (fit.label_smoothing, fit.rate_factors, fit.weight_decay_on, fit.weight_decay_schedule)
    types = keras.config.floatx(), training.precision
    key = (training.model, training.head, optimizer.kind, parameters, by_weight, types, inputs, at_once)
    if key not in _networks:
        while len(_networks) >= MOST_NETWORKS:
            _networks.popitem(last=False)
        forget(training.backend)  # else every dropped network, and cycles of its training, stay in memory
        share = Share()
        with computing_in(training.precision):  # not before: `forget` takes Keras back to its own policy
            _networks[key] = _compile(training, _built(training, inputs, share), at_once, share)
    _networks.move_to_end(key)
    compiled = _networks[key]
    own = _seeds(_built(training, inputs, Share())) if compiled.seeds else []
    seeds = [(variable, seed.numpy()) for variable, seed in zip(compiled.seeds, own, strict=True)]
    return replace(compiled, fresh=[*compiled.fresh, *seeds])


def _built(training: Training, inputs: Inputs, share: Share) -> keras.Model:
    scheduled = isinstance(training.model, MlpSpec) and training.model.dropout_schedule != "constant"
    dropout = partial(ScheduledDropout, share=share) if scheduled else keras.layers.Dropout
    seed = derive(Purpose.LAYERS, training.seed, training.number)
    return build(training.model, inputs.features, training.head, seed, inputs.columns, inputs.layout, dropout)


def _compile(training: Training, network: keras.Model, at_once: int, share: Share) -> _Compiled:
    optimizer = fit_optimizer(training.fit, share)
    loss = loss_for(training.head, smoothing=training.fit.label_smoothing)
    if isinstance(training.model, LayersSpec) and training.model.outputs:
        network = Assisted(network, loss, [weight for _, weight in training.model.auxiliary])
    elif isinstance(training.model, MlpSpec) and training.model.members > 1:
        network = Members(network)
    network.compile(
        optimizer,
        loss,
        metrics=[curve_metric(training.head)],
        jit_compile=COMPILES[training.backend],
        steps_per_execution=at_once,
    )
    optimizer = network.optimizer  # float16 wraps it into one that scales the loss
    optimizer.build(network.trainable_variables)
    return _Compiled(network, [(variable, variable.numpy()) for variable in optimizer.variables], _seeds(network), share)


def _seeds(network: keras.Model) -> list[keras.Variable]:
    """The variables in which random layers count their draws."""
    weights = {id(weight) for weight in network.weights}
    return [variable for variable in network.non_trainable_variables if id(variable) not in weights]


def _fit(training: Training, compiled: _Compiled, number: int, data: FoldData, steps: int) -> FoldFit:
    started = time.perf_counter()
    network, head = compiled.network, training.head
    for variable, value in compiled.fresh:
        variable.assign(value)
    seed = derive(Purpose.WEIGHTS, training.seed, training.number, number)
    network.set_weights(first_weights(training.model, network, head, seed, data))
    answers = answering(network)
    batches = batch_maker(training.backend)

    def answer() -> Predictions:
        return predictions_in_parts(head, answers, data.valid_x, data.target)

    at_once = PICTURES_AT_ONCE if task_of(head.task).of_pictures else ROWS_AT_ONCE
    valid, scaled = batches.valid_batches(training, data, at_once), batches.scaled_for(data.valid_x)
    watch = _FoldWatch(training, number, valid, scaled, answer, data.target.unit, compiled.share)
    own = own_callbacks(training.fit, training.number, number)
    network.fit(
        batches.train_batches(training, number, data),
        epochs=training.fit.epochs,
        steps_per_epoch=steps,
        callbacks=[*_recordings(training, number), watch, *own],
        shuffle=False,  # the order is ours
        verbose=0,
    )
    if watch.kept is not None:
        network.set_weights(watch.kept)
    weights = answers.get_weights()
    failure = watch.failure
    if failure is None and not all(np.isfinite(weight).all() for weight in weights):
        failure = f"the weights of fold {number} are not finite after epoch {watch.patience.best_epoch}"
    unit = {"mae": data.target.unit, "val_mae": data.target.unit}
    return FoldFit(
        fold=number,
        weights=weights,
        predictions=np.zeros((0, head.units)) if failure else answer(),
        curves={name: tuple(value * unit.get(name, 1.0) for value in values) for name, values in watch.curves.items()},
        best_epoch=watch.patience.best_epoch,
        seconds=time.perf_counter() - started,
        failure=failure,
        lost=watch.lost,
    )


def _recordings(training: Training, fold: int) -> list[keras.callbacks.Callback]:
    recorder = training.recorder
    return [Recording(recorder, training.fit.optimizer.kind)] if recorder is not None and recorder.fold == fold else []


def predict(network: keras.Model, features: Features) -> npt.NDArray[np.float32]:
    """Raw outputs (rows, units) for features (rows, features)."""
    if not len(features):  # for no rows TensorFlow's convolutions give the wrong number of maps
        return np.zeros((0, *network.output_shape[1:]), dtype=np.float32)
    at_once = ROWS_AT_ONCE if len(network.output_shape) == 2 else PICTURES_AT_ONCE
    starts = range(0, len(features), at_once)
    parts = [network(features[start : start + at_once], training=False) for start in starts]
    return np.concatenate([keras.ops.convert_to_numpy(keras.ops.cast(part, keras.config.floatx())) for part in parts])


def predictions_in_parts(head: Head, network: keras.Model, features: Features, target: TargetScale) -> Predictions:
    """What a network predicts for features (rows, features). Of pictures the outputs of some rows at a time are kept."""
    task = task_of(head.task)
    if not task.of_pictures:
        return task.predictions(head, predict(network, features), target)
    starts = range(0, max(1, len(features)), PICTURES_AT_ONCE)
    parts = [predict(network, features[start : start + PICTURES_AT_ONCE]) for start in starts]
    return np.concatenate([task.predictions(head, part, target) for part in parts])


class _FoldWatch(keras.callbacks.Callback):  # type: ignore[misc]  # Keras ships no types
    """Sets a fold's learning rates, validates it, keeps its curves and best weights, and ends its training.

    answer: predicts the validation rows with the current weights. lost: whether the trial ended at a rung of this fold.
    It comes before the user's own callbacks: they see its validation in their logs, and can change the rate that it sets and
    end the training.
    """

    def __init__(
        self,
        training: Training,
        fold: int,
        valid: Sequence[tuple[Batch, ...]],
        scaled: Callable[[Batch], Batch],
        answer: Callable[[], Predictions],
        unit: float,
        share: Share,
    ) -> None:
        super().__init__()
        stop = training.fit.early_stop
        self.rates = training.rates
        self.patience = Patience(stop.patience, stop.least_gain(unit), stop.ties == "last")
        self.monitor = stop.monitor
        self.sign = stop.sign
        self.unit = unit
        self.counted = sum(len(batch[0]) for batch in valid) if stop.monitor == "val_accuracy" else 0
        self.others = bool(training.fit.callbacks)
        self.asked: float | None = None
        self.curves: dict[str, list[float]] = {}
        self.kept: list[npt.NDArray[Any]] | None = None
        self.failure: str | None = None
        self.fold = fold
        self.valid = valid
        self.scaled = scaled
        self.answer = answer
        self.training = training
        self.share = share
        self.lost = False

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        rate = self.rates.rate(epoch)
        self.share.assign(self.training.share(epoch))
        if not self.others or rate != self.asked:  # else a callback's own rate would be lost
            self.model.optimizer.learning_rate = rate
        self.asked = rate
        self.curves.setdefault("learning_rate", []).append(rate)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        values = {name: float(value) for name, value in (logs or {}).items()}
        values |= {f"val_{name}": value for name, value in self._validated().items()}
        if self.others:
            (logs if logs is not None else {}).update(values)
            held = float(self.model.optimizer.learning_rate)
            if held not in (self.asked, float(np.float32(self.asked))):
                self.curves["learning_rate"][-1] = held
        for name, value in values.items():
            self.curves.setdefault(name, []).append(value)
        for name in ("loss", "val_loss"):
            if not math.isfinite(values.get(name, 0.0)):
                self.failure = f"{name} is not finite in epoch {epoch + 1} of fold {self.fold}"
                self.model.stop_training = True
                return
        monitored = values.get(self.monitor, values[self.monitor.removeprefix("val_")])
        if self.counted:  # as many right rows in other batches give a mean that differs in its last bits
            monitored = round(monitored * self.counted) / self.counted
        self.patience = self.patience.after(epoch, self.sign * monitored)
        if self.patience.limit is not None and self.patience.wait == 0:
            self.kept = self._settled()
        self.model.stop_training = self.patience.is_over or (self.others and self.model.stop_training)
        self.rates = self.rates.after(epoch, values.get("val_loss", values["loss"]))
        if epoch + 1 in self.training.rungs and not self.patience.is_over:
            self.lost = self.training.lost(epoch + 1, {self.fold: self._answered()})
            self.model.stop_training = self.lost or self.model.stop_training
        self.training.on_curves(self.fold, self.curves, self.unit)
        self.training.on_epoch_end()

    def _answered(self) -> Predictions:
        """Predictions if training ended here; the network's weights do not change."""
        weights: list[npt.NDArray[Any]] = self.model.get_weights()
        self.model.set_weights(self._settled() if self.kept is None else self.kept)
        answers = self.answer()
        self.model.set_weights(weights)
        return answers

    def _validated(self) -> dict[str, float]:
        """Loss and metric on the validation rows. Keras's own validation makes a new iterator every epoch, for 5 ms."""
        means: dict[str, float] = {}
        for x, *rest in self.valid:
            share = len(x) / sum(len(other[0]) for other in self.valid)
            for name, value in self.model.test_on_batch(self.scaled(x), *rest, return_dict=True).items():
                means[name] = means.get(name, 0.0) + share * float(value)
        return means

    def _settled(self) -> list[npt.NDArray[Any]]:
        """The final weights if training ended here: the optimizer's averages if it keeps them."""
        weights: list[npt.NDArray[Any]] = self.model.get_weights()
        if not getattr(self.model.optimizer, "inner_optimizer", self.model.optimizer).use_ema:
            return weights
        self.model.optimizer.finalize_variable_values(self.model.trainable_weights)
        averages: list[npt.NDArray[Any]] = self.model.get_weights()
        self.model.set_weights(weights)
        return averages

"""A trial's compiled Keras network, and where its numbers stand among the arrays of a program."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import jax
import keras
import numpy as np
import numpy.typing as npt

from foldwise.data.preparation.fold import FoldData
from foldwise.data.preparation.layout import Layout
from foldwise.models.build import answering, build
from foldwise.seeds import Purpose, derive
from foldwise.spec.layers import LayersSpec
from foldwise.spec.model import MlpSpec
from foldwise.training.backends.of_process import forget
from foldwise.training.by_fold.auxiliary import Assisted, Members
from foldwise.training.by_fold.dropout import ScheduledDropout
from foldwise.training.by_fold.optimizer import fit_optimizer
from foldwise.training.by_fold.precision import computing_in
from foldwise.training.by_fold.share import Share
from foldwise.training.fold_fit import Training
from foldwise.training.losses import curve_metric, loss_for

Array = npt.NDArray[Any]
MOST_NETWORKS = 8  # kept for later trials, each with its compiled programs


MIXES = ("BatchNormalization", "RMSNormalization", "UnitNormalization")  # layers for which a batch, or any axis, is one
ROW_BY_ROW = frozenset({"Take", "GetItem", "Sin", "Cos"})  # operations that foldwise's own networks have between layers


class Inputs(NamedTuple):
    """What a network takes: the number of features, their columns if its inputs have names, and their layout."""

    features: int
    columns: tuple[str, ...]
    layout: Layout

    @staticmethod
    def of(training: Training, data: FoldData) -> Inputs:
        """What the network of a fold takes."""
        columns = data.columns if isinstance(training.model, LayersSpec) else ()
        return Inputs(data.train_x.shape[1], columns, data.layout)


class TracedShare(Share):
    """The share of the epoch that is traced, in place of variables, which would be constants of a program.

    Layers and optimizers read it as any number.
    """

    def __init__(self) -> None:
        super().__init__()
        self.value: Any = 1.0

    def variable(self) -> Any:
        """What a layer or an optimizer reads."""
        return self

    def __jax_array__(self) -> Any:  # what jax.numpy asks of a foreign number
        return jax.numpy.asarray(self.value)


@dataclass(frozen=True, eq=False)
class Compiled:
    """A compiled network. Its variables give shapes and first values; training never assigns to them.

    optimizer, metrics: the first values of their variables. rate: the place of the learning rate among the optimizer's
    variables. averages: the places of the moving averages of the trained weights, None for a weight without one; empty
    without averages. metric: that of curves, for padded batches. units: of an output. names, valid_names: of what a step of
    training and one of validation report. programs: what was traced for it, by the sizes of folds.
    """

    network: keras.Model
    share: TracedShare
    optimizer: list[Array]
    metrics: list[Array]
    rate: int
    averages: tuple[int | None, ...]
    metric: keras.metrics.Metric
    units: int
    names: tuple[str, ...]
    valid_names: tuple[str, ...]
    programs: dict[Any, Any] = field(default_factory=dict)

    def split(self, weights: Sequence[Array], seeds: Sequence[Array]) -> tuple[list[Array], list[Array]]:
        """The values of trainable and of other variables, from those of `network.weights` and of the random layers."""
        values = {id(variable): value for variable, value in zip(self.network.weights, weights, strict=True)}
        values |= {id(variable): value for variable, value in zip(self.seed_states, seeds, strict=True)}
        of = self.network
        return [values[id(v)] for v in of.trainable_variables], [values[id(v)] for v in of.non_trainable_variables]

    def weights(self, trained: Sequence[Array], others: Sequence[Array], answering_only: bool = False) -> list[Array]:
        """The network's weights in Keras's order, or those of the part that predicts."""
        of = self.network
        values = {id(variable): value for variable, value in zip(of.trainable_variables, trained, strict=True)}
        values |= {id(variable): value for variable, value in zip(of.non_trainable_variables, others, strict=True)}
        return [values[id(variable)] for variable in (answering(of) if answering_only else of).weights]

    @property
    def network_metrics(self) -> list[Any]:
        """The values of the variables of the network's own metrics, which a padded step does not use."""
        return [variable.value for variable in self.network.metrics_variables]

    @property
    def sees_rows_alone(self) -> bool:
        """Whether every layer computes a row from that row alone, and its penalties from weights alone."""
        steps = ("train_step", "test_step", "compute_metrics", "compute_loss", "compute_loss_and_updates")
        plain = type(self.network) in (Assisted, Members) or all(
            getattr(type(self.network), step) is getattr(keras.Model, step) for step in steps
        )
        every = [*self.network._flatten_layers(include_self=False)]
        inner = [layer for layer in every if hasattr(layer, "operations")]
        others = [one for layer in [self.network, *inner] for one in getattr(layer, "operations", ())]
        kinds = {type(one).__name__ for one in others if not isinstance(one, keras.layers.Layer)}
        own = [layer for layer in every if layer not in inner]
        # else the draws of a short batch are not the first ones of a padded batch
        draws = not self.seed_states or jax.config.values["jax_threefry_partitionable"]
        return plain and draws and kinds <= ROW_BY_ROW and all(_sees_rows_alone(layer) for layer in own)

    @property
    def seed_states(self) -> list[keras.Variable]:
        """The variables in which random layers count their draws."""
        return _seed_states(self.network)


_compiled: OrderedDict[tuple[Any, ...], Compiled] = OrderedDict()


def forget_networks() -> None:
    """Drop the kept networks: the user's own function may depend on outside values and build another network now."""
    _compiled.clear()


def compiled_for(training: Training, inputs: Inputs, batch: tuple[Any, ...]) -> Compiled:
    """A trial's network, new or kept. Learning rates, seeds, epochs and patience are not traced; all other numbers are.

    batch: features, targets and row weights of some rows, or without weights; only shapes and types are read.
    """
    fit, optimizer = training.fit, training.fit.optimizer
    parameters = frozenset(optimizer.parameters.items())
    by_weight = (fit.label_smoothing, fit.rate_factors, fit.weight_decay_on, fit.weight_decay_schedule)
    kinds = (keras.config.floatx(), training.precision, len(batch))
    key = (training.model, training.head, optimizer.kind, parameters, by_weight, kinds, inputs)
    if key not in _compiled:
        if len(_compiled) >= MOST_NETWORKS:
            _compiled.popitem(last=False)
            forget(training.backend)  # else cycles of the dropped network stay in memory
        with computing_in(training.precision):
            _compiled[key] = _compile(training, inputs, batch)
    _compiled.move_to_end(key)
    return _compiled[key]


def first_seeds(training: Training, inputs: Inputs, compiled: Compiled) -> list[Array]:
    """The first states of the trial's random layers; all its folds begin with the same."""
    if not compiled.seed_states:
        return []
    with computing_in(training.precision):
        own = _built(training, inputs, compiled.share)
    return [_numpy(state) for state in _seed_states(own)]


def _built(training: Training, inputs: Inputs, share: TracedShare) -> keras.Model:
    scheduled = isinstance(training.model, MlpSpec) and training.model.dropout_schedule != "constant"
    dropout = partial(ScheduledDropout, share=share) if scheduled else keras.layers.Dropout
    seed = derive(Purpose.LAYERS, training.seed, training.number)
    return build(training.model, inputs.features, training.head, seed, inputs.columns, inputs.layout, dropout)


def _compile(training: Training, inputs: Inputs, batch: tuple[Any, ...]) -> Compiled:
    share = TracedShare()
    network = _built(training, inputs, share)
    loss = loss_for(training.head, smoothing=training.fit.label_smoothing)
    if isinstance(training.model, LayersSpec) and training.model.outputs:
        network = Assisted(network, loss, [weight for _, weight in training.model.auxiliary])
    elif isinstance(training.model, MlpSpec) and training.model.members > 1:
        network = Members(network)
    optimizer = fit_optimizer(training.fit, share)
    network.compile(optimizer, loss, metrics=[curve_metric(training.head)], jit_compile=False)
    optimizer.build(network.trainable_variables)
    network._symbolic_build(data_batch=batch)  # makes the metrics' variables, as `fit` does; it has no public name
    network.reset_metrics()
    own = network.optimizer  # with mixed precision one that scales the loss around ours
    places = {id(variable): place for place, variable in enumerate(own.variables)}
    kept = optimizer._model_variables_moving_average if optimizer.use_ema else []
    return Compiled(
        network=network,
        share=share,
        optimizer=[_numpy(variable) for variable in own.variables],
        metrics=[_numpy(variable) for variable in network.metrics_variables],
        rate=places[id(optimizer._learning_rate)],
        averages=tuple(None if average is None else places[id(average)] for average in kept),
        metric=curve_metric(training.head),
        units=training.head.units,
        names=_names(network, "train_step", batch),
        valid_names=_names(network, "test_step", batch),
    )


def _sees_rows_alone(layer: keras.Layer) -> bool:
    kind = type(layer)
    known = kind is ScheduledDropout or (kind.__module__.startswith("keras.src.layers.") and kind.__name__ not in MIXES)
    return known and getattr(layer, "activity_regularizer", None) is None


def _names(network: keras.Model, step: str, batch: tuple[Any, ...]) -> tuple[str, ...]:
    """What a step reports: Keras's metrics, or what the user's own step returns."""
    if getattr(type(network), step) is getattr(keras.Model, step):
        return tuple(network.get_metrics_result())
    parts = [network.trainable_variables, network.non_trainable_variables, network.metrics_variables]
    if step == "train_step":
        parts.insert(2, network.optimizer.variables)
    logs, _ = jax.eval_shape(getattr(network, step), tuple([v.value for v in part] for part in parts), batch)
    return tuple(logs)


def _seed_states(network: keras.Model) -> list[keras.Variable]:
    weights = {id(weight) for weight in network.weights}
    return [variable for variable in network.non_trainable_variables if id(variable) not in weights]


def _numpy(variable: keras.Variable) -> Array:
    return np.asarray(variable.value)

"""The multilayer perceptron, with the parts that it may have on tables."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import keras

from foldwise.data.preparation.layout import Layout
from foldwise.models.heads import Head
from foldwise.models.layer_options import (
    INITIALIZERS,
    activation,
    constraint,
    function_of,
    kernel_options,
    output_activation,
    penalty,
)
from foldwise.models.mlp_weights import Parts, embedded_categories
from foldwise.seeds import Purpose, derive
from foldwise.spec.model import HiddenLayer, MlpSpec

NORMS = {"batch": keras.layers.BatchNormalization, "layer": keras.layers.LayerNormalization}
MakeDropout = Callable[..., keras.layers.Layer]
Step = Callable[[Any], Any]  # a layer, or what applies several


def mlp(
    spec: MlpSpec, inputs: int, head: Head, seed: int, layout: Layout, dropout: MakeDropout = keras.layers.Dropout
) -> keras.Model:
    """Noise on the inputs, embeddings and scaling; for each width Dense, normalisation, activation, dropout; then the head.

    For the penalties see MlpSpec. The random layers' seeds follow from `seed` and their position alone. With several members
    the network has a second output: each member's own, (rows, members, units).
    """
    parts = Parts.of(spec, layout)
    steps: list[Step] = []
    if spec.noise > 0:
        steps.append(keras.layers.GaussianNoise(spec.noise, seed=derive(Purpose.LAYERS, seed, 0), name="noise"))
    if parts.splits:
        steps.append(partial(_embedded, spec, parts, layout))
    if parts.scaling:
        steps.append(partial(_factored, "scaling"))
    if spec.members > 1:
        steps.append(keras.layers.RepeatVector(spec.members, name="members"))
    for position, layer in enumerate(spec.layers, 1):
        steps += _hidden(spec, layer, position)
        if layer.norm:
            steps.append(NORMS[layer.norm](name=f"norm_{position}"))
        steps.append(_activation(spec, parts, function_of(layer.activation, head.task), position))
        if layer.dropout > 0:
            layer_seed = derive(Purpose.LAYERS, seed, position)
            steps.append(dropout(layer.dropout, seed=layer_seed, name=f"dropout_{position}"))
    steps += _output(spec, head)
    features = keras.Input((inputs,), name="features")
    if not spec.has_parts:
        return keras.Sequential([features, *steps], name="mlp")
    x = features
    for step in steps:
        x = step(x)
    outputs = [keras.layers.GlobalAveragePooling1D(name="mean")(x), x] if spec.members > 1 else x
    return keras.Model(features, outputs, name=spec.kind)


def _hidden(spec: MlpSpec, layer: HiddenLayer, position: int) -> list[Step]:
    """The dense layer, with what scales its inputs and outputs."""
    dense = {
        "kernel_constraint": constraint(spec.kernel_constraint),
        "name": f"dense_{position}",
        **kernel_options(layer.initializer, layer.l1, layer.l2),
    }
    bias: dict[str, Any] = {"bias_initializer": _bias(spec), "bias_regularizer": penalty(spec.bias_l1, spec.bias_l2)}
    if spec.members > 1:
        return [
            partial(_factored, f"inputs_{position}"),
            keras.layers.Dense(layer.width, use_bias=False, **dense),
            partial(_factored, f"outputs_{position}", bias_axes="kf", **bias),
        ]
    return [*_share(spec, f"dense_{position}"), keras.layers.Dense(layer.width, **bias, **dense)]


def _output(spec: MlpSpec, head: Head) -> list[Step]:
    options = {"bias_initializer": _bias(spec), "name": "output"} | kernel_options(spec.output_initializer, *spec.penalties[-1])
    if spec.members > 1:
        # LiteRT cannot convert "bkf,kfo->bko" with a bias of one unit
        shape = (head.units, spec.members)
        dense: list[Step] = [keras.layers.EinsumDense("bkf,kfo->bok", shape, bias_axes="ok", **options)]
        dense.append(keras.layers.Permute((2, 1), name="output_by_member"))
    else:
        dense = [keras.layers.Dense(head.units, **options)]
    return [*_share(spec, "output"), *dense, output_activation(head.activation, "output_activation")]


def _share(spec: MlpSpec, name: str) -> list[Step]:
    """What divides the inputs of a kernel by the square root of their number, with the parametrisation ntp."""
    if spec.parametrisation != "ntp":
        return []
    return [lambda x: keras.layers.Rescaling(1.0 / math.sqrt(x.shape[-1]), name=f"{name}_share")(x)]


def _activation(spec: MlpSpec, parts: Parts, function: str, position: int) -> Step:
    activity = penalty(spec.activity_l1, spec.activity_l2)
    options = {} if activity is None else {"activity_regularizer": activity}
    if not parts.parametric:
        plain: Step = activation(function, spec.negative_slope, f"activation_{position}", **options)
        return plain

    def parametric(x: Any) -> Any:
        bent = activation(function, spec.negative_slope, f"activation_{position}")(x)
        change = keras.layers.Subtract(name=f"bend_{position}")([bent, x])
        change = _factored(f"alpha_{position}", change, per_member=False)
        return keras.layers.Add(name=f"bent_{position}", **options)([x, change])

    return parametric


def _factored(name: str, x: Any, per_member: bool = True, **options: Any) -> Any:
    """Each number of a row times a learned factor; each member has its own unless they share them."""
    axes, kernel = ("bkf", "kf" if per_member else "f") if len(x.shape) == 3 else ("bf", "f")
    layer = keras.layers.EinsumDense(f"{axes},{kernel}->{axes}", x.shape[1:], kernel_initializer="ones", name=name, **options)
    return layer(x)


def _embedded(spec: MlpSpec, parts: Parts, layout: Layout, x: Any) -> Any:
    """Embedded numbers, embedded categories, then the rest."""
    places = embedded_categories(spec, layout)
    joined = []
    if layout.numbers:
        joined.append(_numbers(parts, layout.numbers, x[:, : layout.numbers]))
    for place, (start, stop) in enumerate(places, 1):
        joined.append(keras.layers.Dense(parts.level_width, use_bias=False, name=f"levels_{place}")(x[:, start:stop]))
    joined += [x[:, start:stop] for start, stop in layout.rest(x.shape[1], places)]
    return keras.layers.Concatenate(name="embedded")(joined) if len(joined) > 1 else joined[0]


def _numbers(parts: Parts, numbers: int, x: Any) -> Any:
    """Each number as its features, side by side."""
    if parts.embedding == "none":
        return x
    shape = (numbers, parts.inner)
    if parts.embedding == "ple":
        inner = keras.layers.EinsumDense("bc,ck->bck", shape, bias_axes="ck", trainable=False, name="bins")(x)
        inner = keras.layers.ReLU(max_value=1.0, name="place_in_bins")(inner)
    else:
        with_bias = {"bias_axes": "ck"} if parts.embedding == "pbld" else {}
        turns = keras.layers.Rescaling(2.0 * math.pi, name="turns")(x)
        inner = keras.layers.EinsumDense("bc,ck->bck", shape, name="frequencies", **with_bias)(turns)
        waves = [keras.ops.cos(inner)] + ([keras.ops.sin(inner)] if parts.embedding == "plr" else [])
        inner = keras.layers.Concatenate(name="waves")(waves) if len(waves) > 1 else waves[0]
    learned = (numbers, parts.outer - (parts.embedding == "pbld"))
    outer = keras.layers.EinsumDense("bck,ckd->bcd", learned, bias_axes="cd", name="numbers")(inner)
    if parts.embedding == "plr":
        outer = keras.layers.ReLU(name="numbers_activation")(outer)
    if parts.embedding == "pbld":
        own = keras.layers.Reshape((numbers, 1), name="numbers_themselves")(x)
        outer = keras.layers.Concatenate(name="numbers_beside")([own, outer])
    return keras.layers.Reshape((numbers * parts.outer,), name="numbers_flat")(outer)


def _bias(spec: MlpSpec) -> str:
    return INITIALIZERS.get(spec.bias_initializer, spec.bias_initializer)

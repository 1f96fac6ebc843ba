"""The multilayer perceptron."""

from __future__ import annotations

import keras

from foldwise.models.heads import Head
from foldwise.models.layer_options import INITIALIZERS, activation, constraint, kernel_options, penalty
from foldwise.seeds import Purpose, derive
from foldwise.spec.model import HiddenLayer, MlpSpec

NORMS = {"batch": keras.layers.BatchNormalization, "layer": keras.layers.LayerNormalization}


def mlp(spec: MlpSpec, inputs: int, head: Head, seed: int) -> keras.Model:
    """Noise on the inputs, then for each width Dense, normalisation, activation, dropout; then the head.

    For the penalties see MlpSpec. The random layers' seeds follow from `seed` and their position alone.
    """
    layers: list[keras.Layer] = []
    if spec.noise > 0:
        layers.append(keras.layers.GaussianNoise(spec.noise, seed=derive(Purpose.LAYERS, seed, 0), name="noise"))
    for position, layer in enumerate(spec.layers, 1):
        layers.append(_dense(spec, layer, f"dense_{position}"))
        if layer.norm:
            layers.append(NORMS[layer.norm](name=f"norm_{position}"))
        activity = penalty(spec.activity_l1, spec.activity_l2)
        options = {} if activity is None else {"activity_regularizer": activity}
        layers.append(activation(layer.activation, spec.negative_slope, f"activation_{position}", **options))
        if layer.dropout > 0:
            layer_seed = derive(Purpose.LAYERS, seed, position)
            layers.append(keras.layers.Dropout(layer.dropout, seed=layer_seed, name=f"dropout_{position}"))
    output = kernel_options(spec.output_initializer, *spec.penalties[-1])
    layers.append(keras.layers.Dense(head.units, bias_initializer=_bias(spec), name="output", **output))
    layers.append(keras.layers.Activation(head.activation, name="output_activation"))
    return keras.Sequential([keras.Input((inputs,), name="features"), *layers], name="mlp")


def _dense(spec: MlpSpec, layer: HiddenLayer, name: str) -> keras.Layer:
    return keras.layers.Dense(
        layer.width,
        bias_initializer=_bias(spec),
        bias_regularizer=penalty(spec.bias_l1, spec.bias_l2),
        kernel_constraint=constraint(spec.kernel_constraint),
        name=name,
        **kernel_options(layer.initializer, layer.l1, layer.l2),
    )


def _bias(spec: MlpSpec) -> str:
    return INITIALIZERS.get(spec.bias_initializer, spec.bias_initializer)

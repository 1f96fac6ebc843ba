"""The multilayer perceptron."""

from __future__ import annotations

import keras

from foldwise.models.heads import Head
from foldwise.models.layer_options import INITIALIZERS, activation, kernel_options
from foldwise.seeds import Purpose, derive
from foldwise.spec.model import MlpSpec


def mlp(spec: MlpSpec, inputs: int, head: Head, seed: int) -> keras.Model:
    """Noise on the inputs, then for each width Dense, normalisation, activation, dropout; then the head.

    L1 and L2 act on the kernel of every dense layer, the head's too. The random layers' seeds follow from `seed` and their
    position alone.
    """
    layers: list[keras.Layer] = []
    if spec.noise > 0:
        layers.append(keras.layers.GaussianNoise(spec.noise, seed=derive(Purpose.LAYERS, seed, 0), name="noise"))
    for position, width in enumerate(spec.widths, 1):
        layers.append(_dense(spec, width, f"dense_{position}"))
        if spec.batch_norm:
            layers.append(keras.layers.BatchNormalization(name=f"norm_{position}"))
        if spec.layer_norm:
            layers.append(keras.layers.LayerNormalization(name=f"norm_{position}"))
        layers.append(activation(spec, f"activation_{position}"))
        if spec.dropout > 0:
            layer_seed = derive(Purpose.LAYERS, seed, position)
            layers.append(keras.layers.Dropout(spec.dropout, seed=layer_seed, name=f"dropout_{position}"))
    layers.append(_dense(spec, head.units, "output"))
    layers.append(keras.layers.Activation(head.activation, name="output_activation"))
    return keras.Sequential([keras.Input((inputs,), name="features"), *layers], name="mlp")


def _dense(spec: MlpSpec, width: int, name: str) -> keras.Layer:
    bias = INITIALIZERS.get(spec.bias_initializer, spec.bias_initializer)
    return keras.layers.Dense(width, bias_initializer=bias, name=name, **kernel_options(spec))

"""Several networks as one that gives the mean of their outputs."""

from __future__ import annotations

from collections.abc import Sequence

import keras

MEAN = "mean_of_seeds"


def averaged(networks: Sequence[keras.Model], counts: Sequence[int] = ()) -> keras.Model:
    """A network that gives the mean of the outputs of these, which share its input and keep their weights.

    One network stays as it is. Inside of several each has a name of its own, such as `mlp_1_of_5`.

    Args:
        networks: each from (rows, features) to (rows, units).
        counts: how often the mean counts each; empty counts each once.
    """
    first, count = networks[0], len(networks)
    if count == 1:
        return first
    features = keras.Input(first.input_shape[1:], name="features")
    parts = [
        keras.Model(network.inputs[0], network.outputs[0], name=f"{network.name}_{number}_of_{count}")
        for number, network in enumerate(networks, 1)
    ]
    outputs = [part(features) for part in parts]
    often = counts or [1] * count
    mean = keras.layers.Average(name=MEAN)([own for own, times in zip(outputs, often, strict=True) for _ in range(times)])
    return keras.Model(features, mean, name=f"{first.name}_mean_of_{count}")


def members(network: keras.Model) -> list[keras.Model]:
    """The networks that `averaged` joined; any other network is its own only member."""
    *inner, last = network.layers or [network]
    joined = [layer for layer in inner if isinstance(layer, keras.Model)] if last.name == MEAN else []
    return joined or [network]

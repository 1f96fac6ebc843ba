"""Describe a network by plain values."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from typing import Any

import keras

from foldwise.models.first_layer import Rows, first_layer
from foldwise.models.graph import nodes_of
from foldwise.models.network_graph import Layer, NetworkGraph

WIDTH = 98  # characters of a line of Keras's summary


def summary_of(network: keras.Model) -> str:
    """Keras's `model.summary()`: a line for each layer with its output shape and parameters, and the sums."""
    written: list[str] = []
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = str(WIDTH + 2)  # Keras cuts lines at the width of the terminal, by default at 80
    try:
        with _without_display():
            network.summary(print_fn=written.append, line_length=WIDTH)
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before
    return "".join(written).strip() + "\n"


@contextmanager
def _without_display() -> Iterator[None]:
    """Hold back the empty line that Keras shows in a notebook beside the text that it hands over."""
    if "IPython" not in sys.modules:
        yield
        return
    from IPython.utils.capture import capture_output

    with capture_output(stdout=False, stderr=False):
        yield


def network_graph_of(
    network: keras.Model,
    features: Rows | None = None,
    image: tuple[int, int, int] | None = None,
    filters: int = 24,
    patches: int = 5,
) -> NetworkGraph:
    """The layers of a network that knows its inputs.

    Args:
        network: Sequential or functional; a layer that is applied twice is listed twice, with its parameters once.
        features: rows as the network takes them, (rows, features), to find what excites the first layer.
        image: height, width and channels of the image in a row.
        filters: of the first layer, at most.
        patches: of each filter, at most.
    """
    first = None
    if features is not None and image is not None and len(features) > 0:
        first = first_layer(network, features, image, filters, patches)
    return NetworkGraph(network.name, tuple(_layers(network)), first)


def _layers(network: keras.Model) -> Iterator[Layer]:
    places: dict[int, int] = {}
    seen: set[int] = set()
    for place, node in enumerate(nodes_of(network)):
        places[id(node)] = place
        made, again = node.operation, id(node.operation) in seen
        seen.add(id(made))
        yield Layer(
            name=f"{made.name} (again)" if again else made.name,
            kind=_kind(made),
            detail=_detail(made),
            activation=_activation(made),
            shape=tuple(node.outputs[0].shape[1:]),
            parameters=0 if again else _numbers(getattr(made, "weights", ())),
            fixed=0 if again else _numbers(getattr(made, "non_trainable_weights", ())),
            inputs=tuple(dict.fromkeys(places[id(parent)] for parent in node.parent_nodes if id(parent) in places)),
        )


def _kind(made: Any) -> str:
    if not isinstance(made, keras.Model):
        return type(made).__name__
    inner = sum(not isinstance(layer, keras.layers.InputLayer) for layer in made.layers)
    return "1 layer" if inner == 1 else f"{inner} layers"


def _numbers(weights: Any) -> int:
    return sum(prod(weight.shape) for weight in weights)


def _detail(made: Any) -> str:
    window = getattr(made, "kernel_size", None) or getattr(made, "pool_size", None)
    if window is not None:
        return " × ".join(str(side) for side in window)
    rate = getattr(made, "rate", None)
    return f"{rate:g}" if isinstance(rate, float) else ""


def _activation(made: Any) -> str | None:
    function = getattr(made, "activation", None)
    if function is None:
        return None
    name: str = getattr(function, "__name__", type(function).__name__)
    return None if name == "linear" else name

"""The size of a network, from its configuration alone: nothing is allocated before it is known to be moderate."""

from __future__ import annotations

from math import prod
from typing import Any

import keras
from keras.src.backend.common import global_state

from foldwise.bundle.network_file import NetworkFile

MOST_ACTIVATIONS = 2**26  # numbers that a layer gives for a row
WAITING = "uninitialized_variables"


def size_fault(file: NetworkFile, features: int, outputs: int, axes: int = 1) -> str | None:
    """The reason to refuse a network, None if it fits its weights, the card's features and the head's outputs.

    axes: of its output beside the rows; 3 where every place of a picture has these outputs.

    Raises:
        Exception: anything, if Keras cannot build the configuration.
    """
    waiting = list(global_state.get_global_attribute(WAITING) or ())
    try:
        # variables in this scope have a shape and no values
        with keras.StatelessScope(initialize_variables=False):
            network = keras.saving.deserialize_keras_object(dict(file.config), safe_mode=True)
    finally:
        global_state.set_global_attribute(WAITING, waiting)  # else a later scope of Keras would allocate them
    if not isinstance(network, keras.Model):
        return f"is a {type(network).__name__} and not a network"
    count = sum(prod(variable.shape) for variable in network.variables)
    if count > file.weights:  # a weight has at least a byte
        return f"has {count} parameters, and its weights have {file.weights} bytes"
    for layer in network._flatten_layers():
        widest = max((prod(side or 1 for side in shape[1:]) for shape in _shapes(layer)), default=0)
        if widest > MOST_ACTIVATIONS:
            return f"has the layer {layer.name[:80]} of {widest} outputs, and at most {MOST_ACTIVATIONS} are read"
    found = tuple(_shapes(network, "input")), tuple(_shapes(network))
    given = found[1][0] if len(found[1]) == 1 else ()
    if found[0] != ((None, features),) or len(given) != axes + 1 or given[0] is not None or given[-1] != outputs:
        return f"takes {found[0]} and gives {found[1]}, and the card has {features} features and {outputs} outputs"
    return None


def _shapes(layer: Any, side: str = "output") -> list[tuple[int | None, ...]]:
    """The shapes of the tensors that a layer gives or takes wherever it is used."""
    nodes = [layer] if isinstance(layer, keras.Model) else layer._inbound_nodes
    tensors = [keras.tree.flatten(getattr(node, f"{side}s", None) or getattr(node, f"{side}_tensors", ())) for node in nodes]
    return [tuple(tensor.shape) for found in tensors for tensor in found]

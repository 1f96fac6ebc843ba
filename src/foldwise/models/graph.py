"""The nodes of a network: each applies a layer or an operation."""

from __future__ import annotations

from typing import Any

import keras


def nodes_of(network: keras.Model) -> list[Any]:
    """Keras's nodes between a network's inputs and outputs, each after its parents.

    Found from the outputs back, because a layer also remembers nodes of other networks.
    """
    first = {id(tensor) for tensor in network.inputs}
    found: dict[int, Any] = {}
    waiting = [_maker(tensor) for tensor in reversed(network.outputs)]
    while waiting:
        node = waiting[-1]
        taken = [] if any(id(given) in first for given in node.outputs) else node.parent_nodes
        missing = [parent for parent in reversed(taken) if id(parent) not in found]
        if missing:
            waiting += missing
        else:
            found.setdefault(id(node), node)
            waiting.pop()
    return list(found.values())


def _maker(tensor: Any) -> Any:
    operation, index, _ = tensor._keras_history
    return operation._inbound_nodes[index]

"""The network of a function of the user's own."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import keras
import numpy as np

from foldwise.errors import ConfigError, FoldwiseError
from foldwise.models.heads import Head
from foldwise.models.hyperparameters import HyperParameters
from foldwise.spec.function import FunctionSpec


def from_function(spec: FunctionSpec, inputs: int, head: Head, seed: int) -> keras.Model:
    """The network that `spec.build` makes under a seed; layers and initializers without a seed of their own follow it.

    Of a compiled network only the layers are taken: its optimizer and loss are no part of it.

    Raises:
        ConfigError: as `as_returned`.
    """
    network = as_returned(spec, inputs, head, seed)
    return keras.Model(network.inputs[0], network.outputs[0], name=network.name) if network.compiled else network


def as_returned(spec: FunctionSpec, inputs: int, head: Head, seed: int) -> keras.Model:
    """The same as the function returns it, compiled or not.

    Raises:
        ConfigError: the function raises, or its network does not take (rows, inputs) and give (rows, head.units).
    """
    given = (
        {"hp": HyperParameters(spec.arguments)}
        if spec.takes_hp
        else {"inputs": inputs, "head": head, **({"seed": seed} if spec.takes_seed else {}), **spec.arguments}
    )
    try:
        with seeded(seed):
            network = spec.build.function(**given)
            if isinstance(network, keras.Sequential) and not network.built:
                network.build((None, inputs))
    except FoldwiseError:
        raise
    except Exception as fault:
        message = " ".join(str(fault).split())[:300]
        raise ConfigError("model.build", f"{spec.build.name} raised {type(fault).__name__}: {message}") from fault
    _check(network, spec.build.name, inputs, head)
    return network


def _check(network: object, name: str, inputs: int, head: Head) -> None:
    if not isinstance(network, keras.Model) or not network.built:
        made = "a model without weights" if isinstance(network, keras.Model) else f"a {type(network).__name__}"
        raise ConfigError("model.build", f"{name} must return a keras.Model that knows its inputs, got {made}")
    shapes = [getattr(network, side, None) for side in ("input_shape", "output_shape")]
    if shapes != [(None, inputs), (None, head.units)]:
        rule = f"must take rows of {inputs} features and end with {head.units} units (head.units)"
        raise ConfigError("model.build", f"{name} {rule}, and its network has shapes {shapes[0]} and {shapes[1]}")


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed Python's and numpy's global streams, and restore them afterwards."""
    kept, kept_numpy = random.getstate(), np.random.get_state()
    random.seed(seed)
    np.random.seed(seed)
    try:
        yield
    finally:
        random.setstate(kept)
        np.random.set_state(kept_numpy)

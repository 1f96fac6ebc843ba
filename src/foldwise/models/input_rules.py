"""Which columns the named inputs of a network take. Judged without importing Keras."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from foldwise.errors import ConfigError, did_you_mean
from foldwise.spec.layers import LayersSpec
from foldwise.spec.model import CnnSpec, ModelSpec


def check_inputs(model: ModelSpec, columns: Sequence[str], left_out: Mapping[str, str]) -> None:
    """Whether every column that a network's inputs name becomes a feature.

    Args:
        model: other kinds than `layers` take all features.
        columns: the names of the table's columns that a trial prepares.
        left_out: why others are none.

    Raises:
        ConfigError: at model.inputs.
    """
    if not isinstance(model, LayersSpec):
        return
    for name, chosen in model.inputs.items():
        for column in chosen if chosen != "all" else ():
            if column not in columns:
                why = f"is left out ({left_out[column]})" if column in left_out else "is no feature"
                raise ConfigError(f"model.inputs.{name}", f"column {column!r} {why}{did_you_mean(column, columns)}")


def takes_pixels(model: ModelSpec) -> bool:
    """Whether the network lays a row's numbers out as an image, so that none of them may be left out."""
    if isinstance(model, LayersSpec):
        return any(layer.kind == "Reshape" for layer in model.layers)
    return isinstance(model, CnnSpec)

"""Check the columns that a network's named inputs take. Nothing here imports Keras."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from foldwise.errors import ConfigError
from foldwise.models.image_rules import IMAGE_NETWORKS
from foldwise.spec.backbone import BackboneSpec
from foldwise.spec.layers import LayersSpec
from foldwise.spec.model import ModelSpec
from foldwise.spec.prep import PrepSpec
from foldwise.system.known_words import did_you_mean


def check_inputs(model: ModelSpec, columns: Sequence[str], left_out: Mapping[str, str]) -> None:
    """Refuse network inputs that name a column which is not a feature.

    Args:
        model: other kinds than `layers` take all features.
        columns: the names of the columns that become features.
        left_out: the reasons why others do not.

    Raises:
        ConfigError: at model.inputs.
    """
    if not isinstance(model, LayersSpec):
        return
    for name, chosen in model.inputs.items():
        for column in chosen if chosen != "all" else ():
            if column not in columns:
                why = f"is left out ({left_out[column]})" if column in left_out else "is not a feature"
                raise ConfigError(f"model.inputs.{name}", f"column {column!r} {why}{did_you_mean(column, columns)}")


def check_scale(model: ModelSpec, prep: PrepSpec) -> None:
    """Refuse scaled pixels for a backbone, which takes them from 0 to 255.

    Raises:
        ConfigError: at prep.scale.
    """
    if isinstance(model, BackboneSpec) and prep.scale != "none":
        raise ConfigError("prep.scale", f"{prep.scale} is not for model=backbone, which scales pixels itself; use none")


def takes_pixels(model: ModelSpec) -> bool:
    """Whether the network reshapes a row's numbers into an image, so that all of them are needed."""
    if isinstance(model, LayersSpec):
        return bool(model.image_starts) or any(layer.kind == "Reshape" for layer in model.layers)
    return isinstance(model, IMAGE_NETWORKS)

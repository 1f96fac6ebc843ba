"""A network of keras.applications without its top, with an output layer of our own."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from foldwise.spec.base import BadKey, Spec, matching
from foldwise.spec.layer_table import OutputActivation
from foldwise.spec.places import usable_path
from foldwise.spec.stored import ImageShape

SUFFIXES = (".weights.h5", ".h5", ".hdf5", ".keras")


def _weights_file(path: str) -> str:
    if not path.endswith(SUFFIXES):
        raise ValueError(f"must be a file of weights that ends in {', '.join(SUFFIXES)}, got {path[-80:]!r}")
    return usable_path(path)


class BackboneSpec(Spec):
    """A backbone of keras.applications, the mean of each of its maps, dropout, the output layer.

    weights: a file of its weights without its top; None: random ones. Nothing is ever downloaded.
    sha256: of that file. It is part of what a study is; None: that of the file as it is, which the study then keeps.
    trainable: `all`; `none`, so only the output layer learns; `auto`: none with weights, otherwise all; or the name of a layer:
        that one and all after it.
    """

    kind: Literal["backbone"]
    image: ImageShape | None = None  # height, width, channels of a row; None: those of the data
    architecture: Literal["MobileNetV2", "MobileNetV3Small", "EfficientNetB0", "ResNet50V2"] = "MobileNetV2"
    weights: Annotated[str, AfterValidator(_weights_file)] | None = None
    sha256: Annotated[str, matching("[0-9a-f]{64}", "64 of the digits 0-9 a-f")] | None = None
    trainable: Annotated[str, Field(min_length=1, max_length=100)] = "auto"
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    output_activation: OutputActivation = "auto"

    @model_validator(mode="after")
    def _weights_fit(self) -> BackboneSpec:
        if self.weights is None and self.sha256 is not None:
            raise BadKey("sha256", "is that of a file, and weights names none; leave it null")
        if self.weights is None and self.trainable == "none":
            raise BadKey("trainable", "none leaves random weights as they are; set weights to a file, or use all")
        return self

    @property
    def trains_from(self) -> str:
        """Where training begins: `all`, `none` or the name of a layer."""
        if self.trainable != "auto":
            return self.trainable
        return "all" if self.weights is None else "none"

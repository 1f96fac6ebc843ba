"""A network as a list of layers. Each takes the layer before it, or the layers that its `from` names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from foldwise.spec.base import BadKey, ByKind, Listed, Spec, Words, matching
from foldwise.spec.layer_table import IMAGE_LAYERS, KEEPS_SHAPE, LAYERS, OutputActivation, check_layer
from foldwise.spec.stored import ImageShape
from foldwise.system.known_words import did_you_mean

FEATURES = "features"  # the one input, of all features, of a network without named inputs
# Names with another meaning: in the network itself, or in the notation of ranges.
RESERVED = (FEATURES, "output", "output_activation", "int", "float", "choice")
Name = Annotated[str, matching(r"[A-Za-z][A-Za-z0-9_]{0,60}", "a letter and at most 60 of A-Z a-z 0-9 _")]
LossWeight = Annotated[float, Field(gt=0)]


class LayerSpec(BaseModel):
    """A layer of layer_table.LAYERS. Further keys are its parameters, by Keras's names."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True, allow_inf_nan=False)

    kind: str
    name: Name | None = None
    takes: Name | Annotated[tuple[Name, ...], Listed] | None = Field(default=None, alias="from")

    @model_validator(mode="after")
    def _known(self) -> LayerSpec:
        check_layer(self.kind, self.parameters)
        if self.name is not None and (self.name in RESERVED or re.fullmatch(r"layer_\d+", self.name)):
            raise ValueError(f"the name {self.name} is reserved; choose another")
        return self

    @property
    def parameters(self) -> dict[str, Any]:
        """The arguments of its Keras class."""
        return dict(self.model_extra or {})


class LayersSpec(Spec):
    """Layers from the features up to the output layer, which the task adds.

    image: height, width and channels of a row, for a network whose first layers take images; null is the size of the data's.
    inputs: name -> columns of the table, or `all`. Without inputs, the first layer takes all features.
    outputs: name of a layer -> loss weight of an auxiliary output on it. Such an output has its own head and learns the same
        target. The main output has weight 1, and only it makes predictions.
    """

    kind: Literal["layers"]
    image: ImageShape | None = None
    inputs: Mapping[Name, Literal["all"] | Words] = {}
    layers: Annotated[tuple[Annotated[LayerSpec, ByKind], ...], Listed, Field(min_length=1)]
    outputs: Mapping[Name, LossWeight] = {}
    output_activation: OutputActivation = "auto"

    def __hash__(self) -> int:
        return hash((self.kind, self.layers))

    @model_validator(mode="after")
    def _wired(self) -> LayersSpec:
        for name, columns in self.inputs.items():
            if name in RESERVED:
                raise ValueError(f"the input name {name} is reserved; choose another")
            if not columns:
                raise ValueError(f"input {name} has no columns; list some, or write all")
        used = {*self.outputs, *(label for taken in self.wiring for label in taken)}
        *labels, last = [*self.starts, *(self.label(place) for place in range(len(self.layers)))]
        for label in labels:
            if label not in used:
                raise ValueError(f"no layer takes {label}; name it in the from of a later layer, or leave it out")
        for name in self.outputs:
            if name == last:
                raise ValueError(f"outputs names {name}, the last layer, which feeds the main output already; leave it out")
            if name in self.starts:
                raise ValueError(f"outputs names the input {name}, which has no weights to train; name a layer")
            if name not in labels:
                near = did_you_mean(name, _named(labels[len(self.starts) :]))
                raise ValueError(f"outputs names {name}, but no layer has that name{near}")
        if self.image is not None and not self.image_starts:
            rule = "image is for networks whose first layer takes images, as Conv2D does"
            raise BadKey("image", f"{rule}; leave it null, or begin with such a layer")
        return self

    @property
    def auxiliary(self) -> tuple[tuple[str, float], ...]:
        """Name and loss weight of each auxiliary output, sorted, so that equal specifications train alike."""
        return tuple(sorted(self.outputs.items()))

    @property
    def image_starts(self) -> tuple[str, ...]:
        """The inputs that become images: those that a layer such as Conv2D takes, at once or after layers that keep the shape.

        All other networks take a row of numbers, which `Reshape` can make an image.
        """
        flat = {start: {start} for start in self.starts if self.inputs.get(start, "all") == "all"}
        images: set[str] = set()
        for place, taken in enumerate(self.wiring):
            sources = set().union(*(flat.get(label, set()) for label in taken))
            if self.layers[place].kind in IMAGE_LAYERS:
                images |= sources
            elif self.layers[place].kind in KEEPS_SHAPE:
                flat[self.label(place)] = sources
        return tuple(start for start in self.starts if start in images)

    @property
    def starts(self) -> tuple[str, ...]:
        """The names of the inputs."""
        return tuple(self.inputs) or (FEATURES,)

    def label(self, place: int) -> str:
        """A layer's name, or its place and kind if it has no name."""
        return self.layers[place].name or f"layer {place + 1} ({self.layers[place].kind})"

    @property
    def wiring(self) -> tuple[tuple[str, ...], ...]:
        """For each layer, the labels of the layers or inputs it takes.

        Raises:
            ValueError: a name is used twice or not defined before, or the layer takes another number of inputs.
        """
        known: list[str] = list(self.starts)
        found = []
        for place, layer in enumerate(self.layers):
            taken = self._taken(place, known)
            if LAYERS[layer.kind].merges and len(taken) < 2:
                raise ValueError(f"{self.label(place)} merges its inputs, so its from must list two or more")
            if not LAYERS[layer.kind].merges and len(taken) != 1:
                raise ValueError(
                    f"{self.label(place)} takes one input, but its from lists {len(taken)}; merge them by Concatenate first"
                )
            if self.label(place) in known:
                raise ValueError(f"the name {layer.name} is used twice; rename one")
            known.append(self.label(place))
            found.append(taken)
        return tuple(found)

    def _taken(self, place: int, known: list[str]) -> tuple[str, ...]:
        takes = self.layers[place].takes
        if takes is None:
            if not place and len(self.inputs) > 1:
                raise ValueError(f"{self.label(0)} needs a from: one of the inputs {', '.join(self.inputs)}")
            return (known[-1] if place else known[0],)
        names = (takes,) if isinstance(takes, str) else takes
        for name in names:
            if name not in known:
                near = did_you_mean(name, _named(known))
                raise ValueError(f"{self.label(place)} takes {name}, but no input or earlier layer has that name{near}")
        return names


def _named(labels: list[str]) -> list[str]:
    """The labels that a configuration can use: those of inputs and of layers with a name."""
    return [label for label in labels if " " not in label]

"""A network as a list of layers, each of which takes what stands before it or what its `from` names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from foldwise.errors import did_you_mean
from foldwise.spec.base import ByKind, Listed, Spec, Words, matching
from foldwise.spec.layer_table import LAYERS, check_layer

FEATURES = "features"  # what a network without named inputs begins with: all features
# taken by the network itself, or by the way ranges are written
RESERVED = (FEATURES, "output", "output_activation", "int", "float", "choice")
Name = Annotated[str, matching(r"[A-Za-z][A-Za-z0-9_]{0,60}", "a letter and at most 60 of A-Z a-z 0-9 _")]
LossWeight = Annotated[float, Field(gt=0)]


class LayerSpec(BaseModel):
    """A layer of layer_table.LAYERS; further keys are its parameters, by Keras's names."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True, allow_inf_nan=False)

    kind: str
    name: Name | None = None
    takes: Name | Annotated[tuple[Name, ...], Listed] | None = Field(default=None, alias="from")

    @model_validator(mode="after")
    def _known(self) -> LayerSpec:
        check_layer(self.kind, self.parameters)
        if self.name is not None and (self.name in RESERVED or re.fullmatch(r"layer_\d+", self.name)):
            raise ValueError(f"the name {self.name} is taken; choose another")
        return self

    @property
    def parameters(self) -> dict[str, Any]:
        """What its class is given."""
        return dict(self.model_extra or {})


class LayersSpec(Spec):
    """Layers from the features to what the output layer takes, which is added by the task.

    inputs: name -> columns of the table, or `all`; without any, the first layer takes all features.
    outputs: name of a layer -> weight of the loss of an auxiliary output. It has a head of its own and learns the same
        target; the main output, which alone answers, has weight 1.
    """

    kind: Literal["layers"]
    inputs: Mapping[Name, Literal["all"] | Words] = {}
    layers: Annotated[tuple[Annotated[LayerSpec, ByKind], ...], Listed, Field(min_length=1)]
    outputs: Mapping[Name, LossWeight] = {}
    output_activation: Literal["auto", "sigmoid", "softmax", "linear", "tanh"] = "auto"

    def __hash__(self) -> int:
        return hash((self.kind, self.layers))

    @model_validator(mode="after")
    def _wired(self) -> LayersSpec:
        for name, columns in self.inputs.items():
            if name in RESERVED:
                raise ValueError(f"the name {name} of an input is taken; choose another")
            if not columns:
                raise ValueError(f"input {name} has no columns; list some, or say all")
        used = {*self.outputs, *(label for taken in self.wiring for label in taken)}
        *labels, last = [*self.starts, *(self.label(place) for place in range(len(self.layers)))]
        for label in labels:
            if label not in used:
                raise ValueError(f"nothing takes {label}; name it in the from of a later layer, or leave it out")
        for name in self.outputs:
            if name == last:
                raise ValueError(f"outputs names {name}, the last layer, which the main output takes already; leave it out")
            if name in self.starts:
                raise ValueError(f"outputs names {name}, which has no weights that could learn from it; name a layer")
            if name not in labels:
                near = did_you_mean(name, _sayable(labels[len(self.starts) :]))
                raise ValueError(f"outputs names {name}, which no layer is called{near}")
        return self

    @property
    def auxiliary(self) -> tuple[tuple[str, float], ...]:
        """Name and weight of each of the outputs, in one order, so that equal specifications train alike."""
        return tuple(sorted(self.outputs.items()))

    @property
    def starts(self) -> tuple[str, ...]:
        """The names of what the first layers can take."""
        return tuple(self.inputs) or (FEATURES,)

    def label(self, place: int) -> str:
        """What a layer is called: by its name, else by its place."""
        return self.layers[place].name or f"layer {place + 1} ({self.layers[place].kind})"

    @property
    def wiring(self) -> tuple[tuple[str, ...], ...]:
        """The labels of what each layer takes.

        Raises:
            ValueError: a name is there twice or not before the layer, or the layer takes another number.
        """
        known: list[str] = list(self.starts)
        found = []
        for place, layer in enumerate(self.layers):
            taken = self._taken(place, known)
            if LAYERS[layer.kind].merges and len(taken) < 2:
                raise ValueError(f"{self.label(place)} merges, so its from must list two or more")
            if not LAYERS[layer.kind].merges and len(taken) != 1:
                raise ValueError(
                    f"{self.label(place)} takes one, and its from lists {len(taken)}; merge them by Concatenate first"
                )
            if self.label(place) in known:
                raise ValueError(f"the name {layer.name} is there twice; rename one")
            known.append(self.label(place))
            found.append(taken)
        return tuple(found)

    def _taken(self, place: int, known: list[str]) -> tuple[str, ...]:
        asked = self.layers[place].takes
        if asked is None:
            if not place and len(self.inputs) > 1:
                raise ValueError(f"{self.label(0)} needs from, one of the inputs {', '.join(self.inputs)}")
            return (known[-1] if place else known[0],)
        names = (asked,) if isinstance(asked, str) else asked
        for name in names:
            if name not in known:
                near = did_you_mean(name, _sayable(known))
                raise ValueError(f"{self.label(place)} takes {name}, which no input or earlier layer is called{near}")
        return names


def _sayable(labels: list[str]) -> list[str]:
    """Those that a configuration can name: a layer without a name has none that it could."""
    return [label for label in labels if " " not in label]

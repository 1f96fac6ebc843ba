"""The weights of a multilayer perceptron in Keras's order, and their first values, without building the network.

The fused engine has its own program; building a Keras network just for these would take longer than training.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import keras
import numpy as np
import numpy.typing as npt

from foldwise.data.preparation.layout import Layout
from foldwise.models.heads import Head
from foldwise.models.layer_options import INITIALIZERS, drawn
from foldwise.seeds import Purpose, derive
from foldwise.spec.embedding import LearnedCategories, Periodic, PeriodicBias, PiecewiseLinear
from foldwise.spec.model import MlpSpec

Array = npt.NDArray[Any]
Side = Any  # a number of units, or a tensor that holds it

# the weights of a normalisation, their initializers, and whether they are trained
NORMS: dict[str, tuple[tuple[str, str, bool], ...]] = {
    "": (),
    "layer": (("gamma", "ones", True), ("beta", "zeros", True)),
    "batch": (
        ("gamma", "ones", True),
        ("beta", "zeros", True),
        ("moving_mean", "zeros", False),
        ("moving_variance", "ones", False),
    ),
}
NOISE = -1  # the place of noise on the inputs; dropout's place is the hidden layer that it follows


def embedded_categories(spec: MlpSpec, layout: Layout) -> tuple[tuple[int, int], ...]:
    """Of each category that is embedded, its first feature and the one after its last."""
    levels = spec.category_embedding
    return layout.embedded(levels.from_levels) if isinstance(levels, LearnedCategories) else ()


@dataclass(frozen=True)
class Parts:
    """What decides which weights there are, apart from the sizes of layers.

    norms: of each hidden layer, a key of NORMS. embedding: of numbers, a kind of spec.embedding. inner: frequencies or bins of
    a number. outer: features that a number becomes. categories: how many are embedded, each in `level_width` features.
    """

    norms: tuple[str, ...] = ()
    embedding: str = "none"
    inner: int = 0
    outer: int = 1
    categories: int = 0
    level_width: int = 0
    scaling: bool = False
    parametric: bool = False
    members: int = 1

    @staticmethod
    def of(spec: MlpSpec, layout: Layout) -> Parts:
        """The parts of a network on features of this layout."""
        numeric, levels = spec.numeric_embedding, spec.category_embedding
        embedding, inner, outer = "none", 0, 1
        if layout.numbers and numeric.kind != "none":
            embedding, outer = numeric.kind, getattr(numeric, "width", 1)
            inner = numeric.bins if isinstance(numeric, PiecewiseLinear) else getattr(numeric, "frequencies", 0)
        return Parts(
            norms=tuple(layer.norm for layer in spec.layers),
            embedding=embedding,
            inner=inner,
            outer=outer,
            categories=len(embedded_categories(spec, layout)),
            level_width=levels.width if isinstance(levels, LearnedCategories) else 0,
            scaling=spec.scaling_layer,
            parametric=spec.parametric_activation,
            members=spec.members,
        )

    @property
    def splits(self) -> bool:
        """Whether numbers or categories are taken out of the features."""
        return self.embedding != "none" or self.categories > 0

    def entering(self, sides: Sides) -> Side:
        """The number of features after the embeddings."""
        return sides.numbers * self.outer + self.categories * self.level_width + sides.rest


class Sides(NamedTuple):
    """The sizes of a network: numbers, all features that are not embedded and no numbers, the levels of each embedded category,
    the widths of the hidden layers, and the units of the output layer. Without embeddings all features are `rest`.
    """

    numbers: Side
    rest: Side
    levels: tuple[Side, ...]
    widths: tuple[Side, ...]
    units: Side

    @staticmethod
    def of(spec: MlpSpec, layout: Layout, inputs: int, units: int) -> Sides:
        """The sizes of a network on features of this layout."""
        if not Parts.of(spec, layout).splits:
            return Sides(0, inputs, (), spec.widths, units)
        sizes = tuple(stop - start for start, stop in embedded_categories(spec, layout))
        return Sides(layout.numbers, inputs - layout.numbers - sum(sizes), sizes, spec.widths, units)


class Weight(NamedTuple):
    """A weight: the name of its layer and its own, its shape, and whether it is trained."""

    layer: str
    part: str
    shape: tuple[Side, ...]
    trained: bool = True

    @property
    def group(self) -> str:
        """The kind of weight in spec.fit.RateFactors, or empty."""
        return group_of(self.layer, self.part)


def group_of(layer: str, part: str) -> str:
    """The kind of weight in spec.fit.RateFactors, or empty."""
    if layer in ("frequencies", "numbers"):
        return "embedding"
    if layer == "scaling":
        return "scaling"
    if layer.startswith("alpha_"):
        return "activation"
    if part == "bias":
        return "bias"
    return "first" if layer == "dense_1" else ""


def weights_of(parts: Parts, sides: Sides) -> list[Weight]:
    """All weights in Keras's order."""
    found = _embeddings(parts, sides)
    below, k = parts.entering(sides), parts.members
    if parts.scaling:
        found.append(Weight("scaling", "kernel", (below,)))
    for place, (width, norm) in enumerate(zip(sides.widths, parts.norms, strict=True), 1):
        if k > 1:
            found.append(Weight(f"inputs_{place}", "kernel", (k, below)))
        found.append(Weight(f"dense_{place}", "kernel", (below, width)))
        if k > 1:
            found.append(Weight(f"outputs_{place}", "kernel", (k, width)))
        found.append(Weight(f"outputs_{place}", "bias", (k, width)) if k > 1 else Weight(f"dense_{place}", "bias", (width,)))
        found += [Weight(f"norm_{place}", name, (width,), trained) for name, _, trained in NORMS[norm]]
        if parts.parametric:
            found.append(Weight(f"alpha_{place}", "kernel", (width,)))
        below = width
    if k > 1:
        return [*found, Weight("output", "kernel", (k, below, sides.units)), Weight("output", "bias", (sides.units, k))]
    return [*found, Weight("output", "kernel", (below, sides.units)), Weight("output", "bias", (sides.units,))]


def _embeddings(parts: Parts, sides: Sides) -> list[Weight]:
    numbers, inner, found = sides.numbers, parts.inner, []
    if parts.embedding == "ple":
        found = [Weight("bins", "kernel", (numbers, inner), False), Weight("bins", "bias", (numbers, inner), False)]
    elif parts.embedding != "none":
        found = [Weight("frequencies", "kernel", (numbers, inner))]
        found += [Weight("frequencies", "bias", (numbers, inner))] if parts.embedding == "pbld" else []
    if parts.embedding != "none":
        waves, learned = inner * (2 if parts.embedding == "plr" else 1), parts.outer - (parts.embedding == "pbld")
        found += [Weight("numbers", "kernel", (numbers, waves, learned)), Weight("numbers", "bias", (numbers, learned))]
    sizes = enumerate(sides.levels, 1)
    return found + [Weight(f"levels_{place}", "kernel", (size, parts.level_width)) for place, size in sizes]


def first_weights(spec: MlpSpec, inputs: int, layout: Layout, head: Head, seeds: Sequence[int]) -> list[list[Array]]:
    """First values of all weights in Keras's order for each seed, before any follow from training rows: see
    models.first_by_data. All seeds at once take a tenth of the time of one after the other.
    """
    every = weights_of(Parts.of(spec, layout), Sides.of(spec, layout, inputs, head.units))
    by_weight = [_first(spec, weight, seeds, place) for place, weight in enumerate(every)]
    return [list(of_seed) for of_seed in zip(*by_weight, strict=True)]


def layer_seeds(spec: MlpSpec, seed: int) -> list[tuple[int, int]]:
    """Each random layer's place (NOISE, or the hidden layer that it follows) and seed, in order."""
    noise = [(NOISE, derive(Purpose.LAYERS, seed, 0))] if spec.noise > 0 else []
    dropping = [place for place, layer in enumerate(spec.layers) if layer.dropout > 0]
    return noise + [(layer, derive(Purpose.LAYERS, seed, layer + 1)) for layer in dropping]


def count_weights(spec: MlpSpec, inputs: int, layout: Layout, head: Head) -> int:
    """The number of parameters, trained or not."""
    every = weights_of(Parts.of(spec, layout), Sides.of(spec, layout, inputs, head.units))
    return sum(math.prod(weight.shape) for weight in every)


def _first(spec: MlpSpec, weight: Weight, seeds: Sequence[int], place: int) -> Sequence[Array]:
    """First values of a weight for each seed."""
    shape, name = weight.shape, _initializer(spec, weight)
    if name in ("zeros", "ones"):  # TensorFlow would take longer for these than for a step of training
        return [np.full(shape, float(name == "ones"), dtype=keras.config.floatx()) for _ in seeds]
    initializer = keras.initializers.get(name) if isinstance(name, str) else name()
    values = drawn(initializer, shape, keras.config.floatx(), seeds, place)
    return [np.where(of < 0, -1, 1).astype(of.dtype) for of in values] if weight.layer == "inputs_1" else values


def _initializer(spec: MlpSpec, weight: Weight) -> str | Callable[[], Any]:
    """The name of an initializer, or what makes one."""
    layer, _, number = weight.layer.partition("_")
    numeric, make = spec.numeric_embedding, keras.initializers
    if layer == "dense" and weight.part == "kernel":
        name = spec.layers[int(number) - 1].initializer
        return INITIALIZERS.get(name, name)
    if layer == "output" and weight.part == "kernel":
        return INITIALIZERS.get(spec.output_initializer, spec.output_initializer)
    if weight.part == "bias" and layer in ("dense", "outputs", "output"):
        return INITIALIZERS.get(spec.bias_initializer, spec.bias_initializer)
    if layer == "norm":
        return next(first for name, first, _ in NORMS[spec.layers[int(number) - 1].norm] if name == weight.part)
    if layer == "frequencies" and weight.part == "kernel":
        assert isinstance(numeric, Periodic | PeriodicBias)
        return lambda: make.RandomNormal(stddev=numeric.sigma)
    if layer == "frequencies":
        return lambda: make.RandomUniform(-math.pi, math.pi)
    if layer == "numbers":
        end = 1.0 / math.sqrt(weight.shape[1]) if weight.part == "kernel" else 0.0
        return (lambda: make.RandomUniform(-end, end)) if end else "zeros"
    if layer == "levels":
        return lambda: make.RandomNormal(stddev=1.0)
    if weight.layer == "inputs_1":
        return lambda: make.RandomUniform(-1.0, 1.0)  # its signs alone
    return "zeros" if layer == "bins" else "ones"

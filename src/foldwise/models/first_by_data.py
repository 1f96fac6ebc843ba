"""First weights that follow from training rows: bins of numbers, and layers whose units all vary alike.

Source: Holzmueller et al. 2024, Better by default (RealMLP): weights by the standard deviation, biases "he+5".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from foldwise.data.preparation.bins import edges_of
from foldwise.data.preparation.fold import FoldData
from foldwise.data.preparation.layout import Layout
from foldwise.models.heads import Head
from foldwise.models.layer_options import function_of
from foldwise.models.mlp_weights import Parts, Sides, embedded_categories, first_weights, weights_of
from foldwise.seeds import Purpose, generator
from foldwise.spec.embedding import PiecewiseLinear
from foldwise.spec.model import MlpSpec

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

MOST_ROWS = 4096  # rows that go through the network; more would only cost time
ROWS_OF_A_BIAS = 5


def fitted_weights(spec: MlpSpec, folds: Sequence[FoldData], head: Head, seeds: Sequence[int]) -> list[list[Array]]:
    """First values of all weights in Keras's order, for the training rows of each fold, which has its own seed."""
    found: list[list[Array]] = []
    for (inputs, layout), alike in groupby(zip(folds, seeds, strict=True), lambda pair: _features(pair[0])):
        of_kind = list(alike)
        drawn = first_weights(spec, inputs, layout, head, [seed for _, seed in of_kind])
        found += [_fitted(spec, data, head, seed, values) for (data, seed), values in zip(of_kind, drawn, strict=True)]
    return found


def _features(data: FoldData) -> tuple[int, Layout]:
    return data.train_x.shape[1], data.layout


def _fitted(spec: MlpSpec, data: FoldData, head: Head, seed: int, values: list[Array]) -> list[Array]:
    """The values with those that follow from a fold's training rows."""
    inputs, layout = _features(data)
    parts, sides = Parts.of(spec, layout), Sides.of(spec, layout, inputs, head.units)
    every = {(weight.layer, weight.part): place for place, weight in enumerate(weights_of(parts, sides))}
    if parts.embedding == "ple":
        assert isinstance(spec.numeric_embedding, PiecewiseLinear)
        values[every["bins", "kernel"]], values[every["bins", "bias"]] = _bins(spec.numeric_embedding, data)
    if spec.first_weights == "by_data":
        _even_out(spec, parts, values, every, data, head, seed)
    return [value.astype(keras.config.floatx()) for value in values]


def arranged(x: npt.NDArray[Any], layout: Layout, spec: MlpSpec) -> list[npt.NDArray[Any]]:
    """Features (rows, features) apart: numbers, the rest, then the levels of each embedded category."""
    places = embedded_categories(spec, layout)
    rest = [np.arange(start, stop) for start, stop in layout.rest(x.shape[1], places)]
    at = np.concatenate(rest) if rest else np.empty(0, dtype=np.int64)
    return [x[:, : layout.numbers], x[:, at], *(x[:, start:stop] for start, stop in places)]


def _bins(embedding: PiecewiseLinear, data: FoldData) -> tuple[Floats, Floats]:
    """Kernel and bias (numbers, bins) that place a number in its bins: `clip(x * kernel + bias, 0, 1)`."""
    numbers = data.layout.numbers
    kernel, bias = np.zeros((2, numbers, embedding.bins))
    found = _kept_edges(data, embedding.bins, embedding.by == "tree")
    for column, edges in enumerate(found):
        left, width = edges[:-1], np.diff(edges)
        kernel[column, : len(left)], bias[column, : len(left)] = 1.0 / width, -left / width
    return kernel, bias


def _kept_edges(data: FoldData, bins: int, tree: bool) -> list[Floats]:
    """The edges of a fold's numbers, found once for all trials."""
    key = ("edges", bins, tree)
    if key not in data.found:
        data.found[key] = edges_of(np.asarray(data.train_x)[:, : data.layout.numbers], data.train_y, bins, tree)
    edges: list[Floats] = data.found[key]
    return edges


def _even_out(
    spec: MlpSpec, parts: Parts, values: list[Array], every: dict[tuple[str, str], int], data: FoldData, head: Head, seed: int
) -> None:
    """Scale each dense kernel so that its units vary by 1 over the rows, and set each bias so that its unit is 0 at a mean of
    five of them.
    """
    draws = generator(Purpose.FIRST_WEIGHTS, seed)
    step = max(1, -(-len(data.train_x) // MOST_ROWS))
    x = _entering(spec, parts, values, every, data, step)
    for number in range(1, spec.hidden + 2):
        layer = f"dense_{number}" if number <= spec.hidden else "output"
        share = 1.0 / math.sqrt(x.shape[1]) if spec.parametrisation == "ntp" else 1.0
        z = share * x @ values[every[layer, "kernel"]].astype(np.float64)
        deviation = z.std(axis=0)
        deviation = np.where(deviation > 0, deviation, 1.0)
        values[every[layer, "kernel"]] = values[every[layer, "kernel"]] / deviation
        z = z / deviation
        rows = draws.integers(len(z), size=(ROWS_OF_A_BIAS, z.shape[1]))
        weight = draws.exponential(size=rows.shape)
        bias = -(np.take_along_axis(z, rows, axis=0) * weight / weight.sum(axis=0)).sum(axis=0)
        values[every[layer, "bias"]] = bias
        if number <= spec.hidden:
            x = _activated(function_of(spec.layers[number - 1].activation, head.task), z + bias, spec.negative_slope)


def _entering(
    spec: MlpSpec, parts: Parts, values: list[Array], every: dict[tuple[str, str], int], data: FoldData, step: int
) -> Floats:
    """What enters the first hidden layer for every `step`-th training row, (rows, features)."""
    x = np.asarray(data.train_x[::step], dtype=np.float64)
    if not parts.splits:
        return _scaled(parts, values, every, x)
    numbers, rest, *blocks = arranged(x, data.layout, spec)
    found = [numbers]
    if parts.embedding != "none":
        found = [_numbers(parts, lambda layer, part: values[every[layer, part]].astype(np.float64), np.asarray(numbers))]
    found += [np.asarray(block) @ values[every[f"levels_{place}", "kernel"]] for place, block in enumerate(blocks, 1)]
    return _scaled(parts, values, every, np.concatenate([*found, rest], axis=1))


def _scaled(parts: Parts, values: list[Array], every: dict[tuple[str, str], int], x: Floats) -> Floats:
    return x * values[every["scaling", "kernel"]] if parts.scaling else x


def _numbers(parts: Parts, weight: Any, x: Floats) -> Floats:
    """Each number as its features, (rows, numbers * features)."""
    if parts.embedding == "ple":
        inner = np.clip(x[..., None] * weight("bins", "kernel") + weight("bins", "bias"), 0.0, 1.0)
    elif parts.embedding == "pbld":
        inner = np.cos(2 * np.pi * x[..., None] * weight("frequencies", "kernel") + weight("frequencies", "bias"))
    else:
        angle = 2 * np.pi * x[..., None] * weight("frequencies", "kernel")
        inner = np.concatenate([np.cos(angle), np.sin(angle)], axis=2)
    outer = np.einsum("rck,ckd->rcd", inner, weight("numbers", "kernel"), optimize=True) + weight("numbers", "bias")
    if parts.embedding == "plr":
        outer = np.maximum(outer, 0.0)
    if parts.embedding == "pbld":
        outer = np.concatenate([x[..., None], outer], axis=2)
    return np.asarray(outer.reshape(len(x), -1))


def _activated(name: str, z: Floats, slope: float) -> Floats:
    if name == "leaky_relu":
        return np.where(z > 0, z, z * slope)
    return np.asarray(keras.ops.convert_to_numpy(keras.activations.get(name)(keras.ops.convert_to_tensor(z))))

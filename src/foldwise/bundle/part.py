"""A network with the preparation of its rows and the meaning of its outputs. A bundle has one; an ensemble can have more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import keras
import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.bundle.forward import Answers, answers_of
from foldwise.data.preparation.fold import AnyPreparation, Features
from foldwise.data.preparation.pixels import ImagePreparation
from foldwise.models.average import averaged, members
from foldwise.models.heads import Head
from foldwise.tasks.table import task_of

# Rows go through the network in blocks of this size, the last one padded with zeros. So a row's answer does not depend on the
# number of rows beside it; without that its last bits would, as the shape of a matrix product selects the algorithm.
BLOCK = 256
PICTURES = 8  # a block of pictures whose every pixel is answered, as all maps of a block are in memory

Floats = npt.NDArray[np.float64]
Conformed = pd.DataFrame | npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Part:
    """A network with its preparation and head."""

    network: keras.Model
    preparation: AnyPreparation
    head: Head

    @property
    def is_deep(self) -> bool:
        """Whether a layer has inputs of more than one axis, as convolutions do: then a block of 256 rows is slow."""
        return any(_rank(layer) > 2 for network in members(self.network) for layer in network.layers)

    def features(self, given: Conformed) -> Features:
        """Conformed rows as the network takes them, (rows, features)."""
        if isinstance(self.preparation, ImagePreparation):
            return self.preparation.rows(np.asarray(given))
        assert isinstance(given, pd.DataFrame)
        return self.preparation.transform(given)

    def scores(self, given: Conformed, block: int = BLOCK) -> Floats:
        """The predictions of conformed rows, computed in blocks: (rows, labels), (rows,) for regression, or masks or boxes."""
        features, target, task = self.features(given), self.preparation.target, task_of(self.head.task)
        if not task.of_pictures:
            return task.predictions(self.head, self._forward(features, block), target)
        size = min(block, PICTURES)
        parts = [self._forward(features[at : at + size], size) for at in range(0, max(1, len(features)), size)]
        return np.concatenate([task.predictions(self.head, part, target) for part in parts])

    def mean_outputs(self, given: Conformed) -> Floats:
        """The outputs for pictures, each the mean over its map, (rows, outputs)."""
        outputs = self._forward(self.features(given), PICTURES)
        means: Floats = outputs.reshape(len(outputs), -1, outputs.shape[-1]).mean(axis=1)
        return means

    @cached_property
    def _answers(self) -> Answers:
        return answers_of(self.network)

    def _forward(self, features: Features, size: int) -> Floats:
        return _forward(self._answers, features, size, self.network.output_shape[1:])


@dataclass(frozen=True, eq=False)
class Joined:
    """Networks joined in as few parts as can be. places: of each network, the place of its part."""

    parts: tuple[Part, ...]
    places: tuple[int, ...]


def joined(networks: Sequence[Part], weights: Sequence[int]) -> Joined:
    """Join networks of the same preparation and head, whose mean of outputs is the mean of predictions, into one each.

    Args:
        networks: each with a preparation and a head.
        weights: how often each counts in the mean.
    """
    groups: list[list[int]] = []
    for place, own in enumerate(networks):
        group = next((group for group in groups if _alike(networks[group[0]], own)), None)
        if group is None:
            groups.append([place])
        else:
            group.append(place)
    places = tuple(next(part for part, group in enumerate(groups) if place in group) for place in range(len(networks)))
    parts = []
    for group in groups:
        first = networks[group[0]]
        network = averaged([networks[place].network for place in group], [weights[place] for place in group])
        parts.append(Part(network, first.preparation, first.head))
    return Joined(tuple(parts), places)


def _alike(one: Part, other: Part) -> bool:
    same = one.head == other.head and one.preparation == other.preparation
    return same and one.head.averages(one.preparation.target)


def _forward(answers: Answers, features: Features, size: int, shape: tuple[int, ...]) -> Floats:
    """A network's outputs, (rows, *shape), computed in blocks."""
    outputs = []
    for start in range(0, len(features), size):
        block = features[start : start + size]
        filled = np.zeros((size, features.shape[1]), dtype=np.float32)
        filled[: len(block)] = block
        outputs.append(answers(filled)[: len(block)])
    return np.concatenate(outputs).astype(np.float64) if outputs else np.empty((0, *shape))


def _rank(layer: keras.Layer) -> int:
    """The number of axes of a layer's output; 0 for a shared layer, which has several outputs."""
    try:
        return len(layer.output.shape)
    except (AttributeError, ValueError):
        return 0

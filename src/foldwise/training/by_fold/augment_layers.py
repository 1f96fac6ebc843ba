"""Keras's layers that change images, by their keys of `augment`, and the draws of a step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from foldwise.seeds import Purpose, derive
from foldwise.spec.augment import ImageAugment

BRIGHTEST = 255.0
RANGE = (0.0, BRIGHTEST)
FLIPS = {"horizontal": "horizontal", "vertical": "vertical", "both": "horizontal_and_vertical"}
# key of ImageAugment -> its layer. Pixels from outside an image repeat its edge.
LAYERS: dict[str, Callable[[Any, int], keras.Layer]] = {
    "flip": lambda way, seed: keras.layers.RandomFlip(FLIPS[way], seed=seed),
    "rotation": lambda degrees, seed: keras.layers.RandomRotation(degrees / 360, fill_mode="nearest", seed=seed),
    "shift": lambda share, seed: keras.layers.RandomTranslation(share, share, fill_mode="nearest", seed=seed),
    "zoom": lambda share, seed: keras.layers.RandomZoom(share, fill_mode="nearest", seed=seed),
    "contrast": lambda share, seed: keras.layers.RandomContrast(share, value_range=RANGE, seed=seed),
    "brightness": lambda share, seed: keras.layers.RandomBrightness(share, value_range=RANGE, seed=seed),
    "cutout": lambda area, seed: keras.layers.RandomErasing(
        1.0, scale=(area, area), fill_value=0.0, value_range=RANGE, seed=seed
    ),
    "rand_augment": lambda strength, seed: keras.layers.RandAugment(value_range=RANGE, factor=strength, seed=seed),
}
JITTER, DROPOUT, NOISE, FIRST, SECOND = range(5)  # draws of one step


def layers_for(augment: ImageAugment, seed: int) -> list[keras.Layer]:
    """The layers that change the images of a fold, one after the other."""
    values = {key: getattr(augment, key) for key in LAYERS}
    used = [(key, value) for key, value in values.items() if value not in (0.0, "none")]
    return [LAYERS[key](value, derive(Purpose.AUGMENT, seed, place)) for place, (key, value) in enumerate(used)]

"""Random changes of pictures that move their masks with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from foldwise.data.masks import IGNORED
from foldwise.seeds import Purpose, derive
from foldwise.spec.augment import ImageAugment

if TYPE_CHECKING:
    import keras

Tensor = Any  # TensorFlow ships no types
Move = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]

BRIGHTEST = 255.0
FLIPS = {"horizontal": "horizontal", "vertical": "vertical", "both": "horizontal_and_vertical"}
MOVES = ("flip", "rotation", "shift", "zoom")
COLOURS = ("contrast", "brightness")
# In a picture, pixels from outside repeat its edge; what is there is not known, so in a mask they count nowhere.
OF_PICTURES = {"fill_mode": "nearest", "interpolation": "bilinear"}
OF_MASKS = {"fill_mode": "constant", "fill_value": float(IGNORED), "interpolation": "nearest"}


def moves(augment: ImageAugment, seed: int) -> Move:
    """The change of a batch: (images, masks, step) -> (images, masks).

    images: (rows, height, width, channels), floats from 0 to 255. masks: (rows, height, width), codes or IGNORED; the nearest
    pixel is taken, so that no code appears that was not there.
    """
    import tensorflow as tf

    used = [key for key in (*MOVES, *COLOURS) if getattr(augment, key) not in (0.0, "none")]
    layers = [
        (_layer(key, getattr(augment, key), derive(Purpose.AUGMENT, seed, place), OF_PICTURES), _of_masks(augment, key))
        for place, key in enumerate(used)
    ]

    def change(images: Tensor, masks: Tensor, step: Tensor) -> tuple[Tensor, Tensor]:
        codes = tf.cast(masks, tf.float32)[..., None]
        for layer, of_masks in layers:
            drawn = layer.get_random_transformation(images, training=True)
            images = layer.transform_images(images, drawn, training=True)
            if of_masks is not None:
                codes = of_masks.transform_images(codes, drawn, training=True)
        if augment.noise > 0:
            place = tf.stack([tf.constant(seed, tf.int64), tf.cast(step, tf.int64)])
            noise = tf.random.stateless_normal(tf.shape(images), place)
            images = tf.clip_by_value(images + augment.noise * BRIGHTEST * noise, 0.0, BRIGHTEST)
        return images, tf.cast(tf.round(codes[..., 0]), masks.dtype)

    return change


def _of_masks(augment: ImageAugment, key: str) -> keras.Layer | None:
    """The layer that makes the same move of a mask; its own draws are not used."""
    return _layer(key, getattr(augment, key), 0, OF_MASKS) if key in MOVES else None


def _layer(key: str, value: Any, seed: int, options: dict[str, Any]) -> keras.Layer:
    from keras import layers

    made: dict[str, Callable[[], keras.Layer]] = {
        "flip": lambda: layers.RandomFlip(FLIPS[value], seed=seed),
        "rotation": lambda: layers.RandomRotation(value / 360, seed=seed, **options),
        "shift": lambda: layers.RandomTranslation(value, value, seed=seed, **options),
        "zoom": lambda: layers.RandomZoom(value, seed=seed, **options),
        "contrast": lambda: layers.RandomContrast(value, value_range=(0.0, BRIGHTEST), seed=seed),
        "brightness": lambda: layers.RandomBrightness(value, value_range=(0.0, BRIGHTEST), seed=seed),
    }
    return made[key]()

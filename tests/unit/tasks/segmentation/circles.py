"""Pictures whose masks are known: bright discs on a noisy ground."""

import numpy as np


def circles(count, side=32, seed=0):
    """(count, side, side, 1) pictures and (count, side, side) masks of none, one or two discs."""
    draws = np.random.default_rng(seed)
    rows, columns = np.mgrid[:side, :side]
    images, masks = np.zeros((count, side, side, 1), np.uint8), np.zeros((count, side, side), np.uint8)
    for image, mask in zip(images, masks, strict=True):
        picture = draws.normal(60, 20, (side, side))
        for _ in range(draws.integers(0, 3)):
            middle, radius = draws.uniform(6, side - 6, 2), draws.uniform(4, 8)
            mask[np.hypot(rows - middle[0], columns - middle[1]) < radius] = 1
        image[..., 0] = (picture + 80 * mask).clip(0, 255)
    return images, masks

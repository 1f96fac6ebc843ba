"""Images in the range that a figure shows: from 0 to 1, grey or RGB."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

OUTSIDE = 0.5  # grey, for the part of a window outside an image


def as_shown(images: npt.NDArray[Any], like: npt.NDArray[Any] | None = None) -> Floats:
    """Images (rows, height, width[, channels]) as (rows, height, width) of grey or (rows, height, width, 3).

    Bytes are divided by 255, numbers from 0 to 1 are kept, and others are scaled from their lowest to their highest. The last
    of four channels is left out; other numbers of channels are averaged.

    Args:
        images: the images to show.
        like: the images that determine the scale; None for `images` themselves.
    """
    whole = images if like is None else like
    if images.dtype == np.uint8:
        low, high = 0.0, 255.0
    else:
        low, high = float(whole.min()), float(whole.max())
        low, high = (0.0, 1.0) if low >= 0.0 and high <= 1.0 else (low, high)
    shown = (images.astype(np.float64) - low) / ((high - low) or 1.0)
    if shown.ndim == 3:
        return shown
    channels = shown.shape[-1]
    return shown[..., :3] if channels in (3, 4) else np.asarray(shown.mean(axis=-1))


def weights_shown(kernel: npt.NDArray[Any]) -> Floats:
    """A filter (height, width, channels) scaled to -1 to 1 around 0; with three channels, colours around grey."""
    reach = float(np.abs(kernel).max()) or 1.0
    if kernel.shape[-1] == 3:
        return np.asarray(0.5 + kernel.astype(np.float64) / (2 * reach))
    flat = kernel.astype(np.float64).mean(axis=-1)
    return np.asarray(flat / (float(np.abs(flat).max()) or 1.0))


def window_of(picture: Floats, corner: tuple[int, int], window: tuple[int, int]) -> Floats:
    """A window (height, width) of a picture, grey outside the picture."""
    found = np.full((*window, *picture.shape[2:]), OUTSIDE)
    top, left = (max(0, side) for side in corner)
    bottom, right = (min(side, start + size) for side, start, size in zip(picture.shape, corner, window, strict=False))
    if bottom > top and right > left:
        found[top - corner[0] : bottom - corner[0], left - corner[1] : right - corner[1]] = picture[top:bottom, left:right]
    return found

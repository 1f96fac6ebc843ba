"""Augmentation: a mask stays on its object, and what comes from outside counts nowhere."""

import numpy as np
import pytest

from foldwise.data.masks import IGNORED
from foldwise.spec.augment import ImageAugment
from foldwise.tasks.segmentation.moves import moves

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tensorflow_started")]
SIDE = 40


def _discs(count=12):
    """Bright discs at places of their own on a dark ground, and their masks."""
    draws = np.random.default_rng(0)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    centres = draws.uniform(10, SIDE - 10, (count, 2, 1, 1))
    masks = (np.hypot(rows - centres[:, 0], columns - centres[:, 1]) < 7).astype(np.uint8)
    return np.where(masks[..., None], 230.0, 20.0).astype(np.float32), masks


def _moved(**options):
    import tensorflow as tf

    images, masks = _discs()
    change = moves(ImageAugment(kind="images", **options), seed=3)
    found = tf.function(change)(tf.constant(images), tf.constant(masks), tf.constant(5))
    return images, masks, found[0].numpy(), found[1].numpy()


@pytest.mark.parametrize(
    "options",
    [
        {"flip": "both"},
        {"rotation": 90.0},
        {"shift": 0.3},
        {"zoom": 0.4},
        {"flip": "horizontal", "rotation": 180.0, "zoom": 0.2},
    ],
    ids="+".join,
)
def test_a_mask_stays_on_its_object(options):
    _, masks, new, moved = _moved(**options)
    assert not np.array_equal(moved, masks)
    assert set(np.unique(moved)) <= {0, 1, IGNORED}
    known = moved != IGNORED
    seen = new[..., 0] > 125
    both, either = (seen & (moved == 1) & known).sum(), ((seen | (moved == 1)) & known).sum()
    assert both / either > 0.93  # the edge of a disc is bilinear in one and nearest in the other


def test_pixels_from_outside_count_nowhere():
    _, _, new, moved = _moved(shift=0.3)
    assert (moved == IGNORED).any(axis=(1, 2)).mean() > 0.8
    assert not (new < 0).any()
    assert new.max() <= 255


def test_colours_and_noise_leave_masks_alone():
    images, masks, new, moved = _moved(contrast=0.5, brightness=0.2, noise=0.05)
    assert np.array_equal(moved, masks)
    assert not np.allclose(new, images)
    assert (new.min(), new.max()) >= (0, 0)
    assert new.max() <= 255


def test_an_ignored_pixel_stays_ignored():
    import tensorflow as tf

    images, masks = _discs()
    masks[:] = IGNORED
    change = moves(ImageAugment(kind="images", flip="both", rotation=45.0), seed=1)
    assert (change(tf.constant(images), tf.constant(masks), 0)[1].numpy() == IGNORED).all()

"""U-Nets from specifications."""

import numpy as np
import pytest

from foldwise.errors import ConfigError
from foldwise.models.heads import Head
from foldwise.spec.unet import UnetSpec

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tensorflow_started")]
HEAD = Head(3, "softmax", "cross_entropy", "segmentation")


def _build(*, seed=0, image=(16, 12, 3), **options):
    from foldwise.models.unet import unet

    spec = UnetSpec.model_validate({"kind": "unet", "image": list(image), "depth": 2, "width": 4, **options})
    return unet(spec, int(np.prod(image)), HEAD, seed)


@pytest.mark.parametrize("image", [(16, 12, 3), (17, 13, 1), (5, 30, 4), (4, 4, 1)])
@pytest.mark.parametrize("options", [{}, {"up": "resize"}, {"skips": False}, {"depth": 1, "per_block": 1, "dropout": 0.2}])
def test_each_pixel_of_a_picture_of_any_size_has_probabilities(image, options):
    network = _build(image=image, **options)
    answers = network(np.random.default_rng(0).random((2, int(np.prod(image))), np.float32)).numpy()
    assert answers.shape == (2, *image[:2], 3)
    assert answers.sum(axis=-1) == pytest.approx(np.ones((2, *image[:2])), abs=1e-5)


def test_parameters_are_those_of_the_formula():
    def convolution(below, maps):
        return 9 * below * maps + 4 * maps  # without a bias, with a normalisation

    def pair(below, maps):
        return convolution(below, maps) + convolution(maps, maps)

    down = pair(3, 4) + pair(4, 8) + pair(8, 16)
    up = (4 * 16 * 8 + 8) + pair(16, 8) + (4 * 8 * 4 + 4) + pair(8, 4)
    assert _build().count_params() == down + up + (4 * 3 + 3)


def test_without_skips_no_level_sees_the_way_down():
    kinds = [type(layer).__name__ for layer in _build(skips=False).layers]
    assert "Concatenate" not in kinds
    assert [type(layer).__name__ for layer in _build().layers].count("Concatenate") == 2


def test_padding_does_not_move_the_picture():
    """A network that copies its input to the first map gives it back at its place."""
    network = _build(image=(7, 9, 1), depth=1, per_block=1, kernel=1, batch_norm=False, skips=False, activation="linear")
    sides = network.get_layer("padded").output.shape[1:3], network.get_layer("cropped").output.shape[1:3]
    assert sides == ((8, 10), (7, 9))
    assert network.get_layer("cropped").cropping == ((0, 1), (0, 1))


def test_a_picture_that_cannot_be_halved_so_often_is_refused():
    with pytest.raises(ConfigError, match=r"model\.depth.*halved 3 times.*at most 2"):
        _build(image=(30, 5, 1), depth=3)


def test_seeds_of_dropout_follow_from_the_seed_alone():
    one, other = ([layer.seed for layer in _build(dropout=0.3, seed=seed).layers if hasattr(layer, "seed")] for seed in (1, 1))
    assert one == other
    assert len(set(one)) == 5

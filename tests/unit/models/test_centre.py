import keras
import numpy as np
import pytest

from foldwise.bundle.network_file import check_network
from foldwise.models.build import build, initial_weights
from foldwise.models.heads import Head
from foldwise.spec.centre import CentreSpec

pytestmark = pytest.mark.slow

HEAD = Head(3 + 4, "linear", "centres", "detection")


def centre(image=(32, 48, 3), **options):
    return CentreSpec(kind="centre", image=image, **options)


@pytest.mark.parametrize("stride", [2, 4, 8])
def test_there_is_a_place_for_each_stride(stride):
    network = build(centre(stride=stride, width=4), 32 * 48 * 3, HEAD, 0)
    assert network.output_shape == (None, 32 // stride, 48 // stride, 7)


@pytest.mark.parametrize("image", [(30, 45, 1), (17, 33, 3), (9, 12, 1)])
@pytest.mark.parametrize("stride", [2, 8])
def test_sides_that_cannot_be_halved_are_padded_and_cut_again(image, stride):
    network = build(centre(image, stride=stride, width=4, depth=3), int(np.prod(image)), HEAD, 0)
    assert network.output_shape[1:3] == (-(-image[0] // stride), -(-image[1] // stride))


def test_a_file_of_it_is_admitted(tmp_path):
    network = build(centre(width=4, dropout=0.1), 32 * 48 * 3, HEAD, 0)
    network.save(tmp_path / "network.keras")
    check_network(tmp_path / "network.keras")
    again = keras.saving.load_model(tmp_path / "network.keras", compile=False)
    x = np.random.default_rng(0).normal(size=(2, 32 * 48 * 3)).astype(np.float32)
    assert np.array_equal(again.predict_on_batch(x), network.predict_on_batch(x))


def test_centres_are_improbable_at_first():
    network = build(centre(width=4), 32 * 48 * 3, HEAD, 0)
    network.set_weights(initial_weights(network, 1))
    heat = network.predict_on_batch(np.zeros((1, 32 * 48 * 3), np.float32))[..., :3]
    assert np.allclose(1 / (1 + np.exp(-heat)), 0.1, atol=0.01)


def test_options_change_the_network():
    plain = build(centre(width=4, depth=3), 32 * 48 * 3, HEAD, 0)
    deeper, wider, longer, free = (
        build(centre(**{"width": 4, "depth": 3, **one}), 32 * 48 * 3, HEAD, 0)
        for one in ({"depth": 4}, {"width": 8}, {"per_block": 2}, {"batch_norm": False})
    )
    assert deeper.count_params() > plain.count_params()
    assert wider.count_params() > 3 * plain.count_params()
    assert longer.count_params() > plain.count_params()
    assert not [layer for layer in free.layers if isinstance(layer, keras.layers.BatchNormalization)]


def test_maps_grow_eightfold_at_most():
    assert centre(depth=6, width=4).maps == (4, 8, 16, 32, 32, 32)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"image": (8, 8)}, "image must be"),
        ({"initializer": "identity"}, "four axes"),
        ({"depth": 1, "stride": 4}, "leaves a place for 2 pixels, and stride is 4"),
    ],
)
def test_what_makes_no_network_is_refused(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        centre(**options)

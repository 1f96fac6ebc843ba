"""What excites the filters of the first layer, held against products computed by hand."""

import numpy as np
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tensorflow_started")]
RNG = np.random.default_rng(0)


def _first(network, features, image, **many):
    from foldwise.models.first_layer import first_layer

    return first_layer(network, features, image, **many)


def _network(*layers, inputs):
    import keras

    return keras.Sequential([keras.Input((inputs,)), *layers])


def _patch(image, corner, window):
    """A window of an image (height, width, channels), 0 outside."""
    padded = np.pad(image, [(9, 9), (9, 9), (0, 0)])
    top, left = np.asarray(corner) + 9
    return padded[top : top + window[0], left : left + window[1]]


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize(("strides", "dilation"), [(1, 1), (2, 1), (1, 2)])
@pytest.mark.parametrize("image", [(9, 8, 1), (7, 9, 3)])
def test_answers_are_those_of_the_windows_and_no_other_is_stronger(image, padding, strides, dilation):
    import keras

    features = RNG.normal(size=(30, int(np.prod(image)))).astype(np.float32)
    layer = keras.layers.Conv2D(6, (3, 2), strides=strides, dilation_rate=dilation, padding=padding, name="conv")
    network = _network(keras.layers.Reshape(image), layer, keras.layers.Flatten(), inputs=features.shape[1])
    found = _first(network, features, image)
    images = features.reshape(-1, *image)
    assert found.window == (2 * dilation + 1, dilation + 1)
    for kernel, rows, corners, answers in zip(found.kernels, found.rows, found.corners, found.answers, strict=True):
        for row, corner, answer in zip(rows, corners, answers, strict=True):
            seen = _patch(images[row], corner, found.window)[::dilation, ::dilation]
            assert np.sum(seen * kernel) == pytest.approx(answer, rel=1e-4)
        assert (np.diff(answers) <= 0).all()
        assert len(set(rows.tolist())) == len(rows)
    maps = np.asarray(keras.Model(network.inputs[0], layer.output)(features))  # the bias is 0
    weights = np.asarray(layer.kernel)
    order = np.argsort(-np.square(weights).sum(axis=(0, 1, 2)), kind="stable")
    assert np.allclose(found.answers[:, 0], maps.max(axis=(0, 1, 2))[order], rtol=1e-4)
    assert np.allclose(found.kernels, np.moveaxis(weights[..., order], -1, 0))


def test_a_dense_layer_sees_whole_images_and_its_largest_weights_come_first():
    import keras

    features = RNG.normal(size=(50, 24)).astype(np.float32)
    layer = keras.layers.Dense(40, name="dense")
    found = _first(_network(keras.layers.GaussianNoise(0.5), layer, inputs=24), features, (4, 6, 1))
    weights = np.asarray(layer.kernel)
    order = np.argsort(-np.square(weights).sum(axis=0), kind="stable")[:24]
    assert (found.name, found.count, found.window, found.kernels.shape) == ("dense", 40, (4, 6), (24, 4, 6, 1))
    assert np.allclose(found.kernels.reshape(24, 24), weights[:, order].T)
    assert (found.rows == np.argsort(-(features @ weights[:, order]), axis=0)[:5].T).all()
    assert not found.corners.any()


def test_as_many_filters_and_patches_as_asked_and_no_more_than_there_are():
    import keras

    features = RNG.normal(size=(12, 24)).astype(np.float32)
    network = _network(keras.layers.Dense(100), inputs=24)
    found = _first(network, features, (4, 6, 1), filters=81, patches=9)
    assert (found.kernels.shape, found.rows.shape) == ((81, 4, 6, 1), (81, 9))
    fewer = _first(network, features, (4, 6, 1), filters=300, patches=40)
    assert (fewer.kernels.shape, fewer.rows.shape) == ((100, 4, 6, 1), (100, 12))


def test_the_layer_sees_what_those_before_it_make_of_the_pixels():
    import keras

    features = RNG.random((20, 36)).astype(np.float32)
    before = keras.Sequential([keras.Input((6, 6, 1)), keras.layers.Rescaling(-2.0, offset=1.0)])
    layer = keras.layers.Conv2D(2, 3)
    found = _first(
        _network(keras.layers.Reshape((6, 6, 1)), before, layer, keras.layers.Flatten(), inputs=36), features, (6, 6, 1)
    )
    seen = _patch(1 - 2 * features.reshape(-1, 6, 6, 1)[found.rows[0, 0]], found.corners[0, 0], (3, 3))
    assert np.sum(seen * found.kernels[0]) == pytest.approx(found.answers[0, 0], rel=1e-4)


def test_of_many_images_a_regular_sample_is_read_and_positions_count_all():
    import keras

    from foldwise.models.first_layer import MOST_IMAGES

    features = np.zeros((2 * MOST_IMAGES + 1, 4), dtype=np.float32)
    features[3], features[6] = 5.0, 1.0  # of three only the first is seen
    network = _network(keras.layers.Dense(1, kernel_initializer="ones"), inputs=4)
    found = _first(network, features, (2, 2, 1))
    assert found.rows[0, :2].tolist() == [3, 6]
    features[4] = 9.0
    assert _first(network, features, (2, 2, 1)).rows[0, 0] == 3


@pytest.mark.parametrize(
    ("rows", "image", "step"), [(2000, (28, 28, 1), 1), (10_000, (28, 28, 1), 5), (2000, (512, 512, 3), 63)]
)
def test_of_large_images_fewer_are_read(rows, image, step):
    from foldwise.models.first_layer import every

    assert every(rows, image) == step


def test_fewer_images_than_patches_are_all_there():
    import keras

    assert _first(_network(keras.layers.Dense(2), inputs=4), np.ones((1, 4), dtype=np.float32), (2, 2, 1)).rows.shape == (2, 1)


def test_prepared_images_are_read_in_parts():
    import keras

    from foldwise.data.preparation.pixels import ImagePreparation

    images = RNG.integers(0, 256, (10, 2, 2, 3), dtype=np.uint8)
    prepared = ImagePreparation((2, 2, 3), (1.0, 2.0, 3.0), (5.0, 6.0, 7.0)).rows(images)
    network = _network(keras.layers.Dense(3), inputs=12)
    assert (_first(network, prepared, (2, 2, 3)).rows == _first(network, np.asarray(prepared), (2, 2, 3)).rows).all()


@pytest.mark.parametrize(
    "names",
    [
        ("Reshape", "DepthwiseConv2D", "Flatten"),
        ("Reshape", "MaxPooling2D", "Conv2D", "Flatten"),
        ("Reshape", "ZeroPadding2D", "Conv2D", "Flatten"),
        ("Reshape", "Permute", "Conv2D", "Flatten"),
        ("Activation",),
    ],
)
def test_there_are_no_filters_where_the_first_layer_sees_no_pixels_in_their_places(names):
    import keras

    arguments = {
        "Reshape": [(6, 6, 1)],
        "DepthwiseConv2D": [3],
        "Conv2D": [2, 3],
        "Permute": [(2, 1, 3)],
        "Activation": ["relu"],
    }
    layers = [getattr(keras.layers, name)(*arguments.get(name, [])) for name in names]
    network = _network(*layers, keras.layers.Dense(2), inputs=36)
    found = _first(network, np.ones((2, 36), dtype=np.float32), (6, 6, 1))
    assert (found is None) == (names != ("Activation",))  # a layer that acts on each pixel alone moves none


def test_of_branches_the_first_convolution_is_shown():
    import keras

    features = keras.Input((36,))
    image = keras.layers.Reshape((6, 6, 1))(features)
    one = keras.layers.Conv2D(2, 3, padding="same", name="fine")(image)
    other = keras.layers.Conv2D(2, 5, padding="same", name="coarse")(image)
    last = keras.layers.Dense(2)(keras.layers.Flatten()(keras.layers.Concatenate()([one, other])))
    assert _first(keras.Model(features, last), np.ones((2, 36), dtype=np.float32), (6, 6, 1)).name == "fine"

"""Backbones of keras.applications: their pixels, their weights, what of them is trained."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from foldwise.errors import ConfigError
from foldwise.models.heads import Head
from foldwise.spec.backbone import BackboneSpec
from foldwise.system.held_files import hold

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tensorflow_started")]
SOFTMAX = Head(3, "softmax", "categorical_crossentropy", "multiclass")
IMAGE = (32, 32, 3)
PIXELS = np.random.default_rng(0).integers(0, 256, (2, *IMAGE)).astype(np.float32)
ROWS = PIXELS.reshape(2, -1)
SMALL = "MobileNetV3Small"
ALL = (SMALL, *(pytest.param(name, marks=pytest.mark.long) for name in ("MobileNetV2", "EfficientNetB0", "ResNet50V2")))


def _spec(architecture=SMALL, **options):
    return BackboneSpec.model_validate({"kind": "backbone", "image": IMAGE, "architecture": architecture, **options})


def _build(spec, seed=0):
    from foldwise.models.build import build

    return build(spec, ROWS.shape[1], SOFTMAX, seed)


@cache
def _original(architecture):
    """The network of keras.applications with made weights, and the mean of each of its maps for PIXELS."""
    import keras

    network = getattr(keras.applications, architecture)(include_top=False, weights=None, input_shape=IMAGE, pooling="avg")
    draws = np.random.default_rng(1)
    network.set_weights([1.1 * weight + 0.001 * draws.random(weight.shape) for weight in network.get_weights()])
    prepared = (
        PIXELS if architecture in (SMALL, "EfficientNetB0") else keras.applications.mobilenet_v2.preprocess_input(PIXELS.copy())
    )
    return network, np.asarray(network(prepared))


@dataclass(frozen=True)
class Weights:
    name: str
    sha256: str


def _file(folder, architecture, suffix):
    path = folder / f"w{suffix}"
    network, _ = _original(architecture)
    network.save_weights(path) if suffix == ".weights.h5" else network.save(path)
    return Weights(str(path), hold(path.read_bytes()))


def _filled(spec, seed=3):
    from foldwise.models.build import first_weights

    network = _build(spec)
    network.set_weights(first_weights(spec, network, SOFTMAX, seed, None))
    return network


def _vector(network):
    import keras

    return np.asarray(keras.Model(network.input, network.get_layer("global_average").output)(ROWS))


@pytest.mark.parametrize("architecture", ALL)
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_weights_of_a_file_give_what_keras_gives_with_its_own_preprocessing(architecture, tmp_path):
    _, expected = _original(architecture)
    given = _file(tmp_path, architecture, ".h5")
    network = _filled(_spec(architecture, weights=given.name, sha256=given.sha256))
    assert np.allclose(_vector(network), expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


@pytest.mark.long
@pytest.mark.parametrize("suffix", [".weights.h5", ".keras"])
def test_files_of_keras_s_other_forms_are_read_too(suffix, tmp_path):
    _, expected = _original(SMALL)
    given = _file(tmp_path, SMALL, suffix)
    network = _filled(_spec(weights=given.name, sha256=given.sha256))
    assert np.allclose(_vector(network), expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("architecture", ALL)
def test_a_bundle_takes_it_and_random_weights_follow_from_the_seed(architecture, tmp_path):
    import keras

    from foldwise.bundle.network_file import check_network
    from foldwise.models.build import initial_weights

    network = _build(_spec(architecture))
    one, same, other = (initial_weights(network, seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(one, same, strict=True))
    assert not np.array_equal(one[0], other[0]) or not np.array_equal(one[3], other[3])
    network.save(tmp_path / "network.keras")
    assert check_network(tmp_path / "network.keras").weights > 0
    loaded = keras.saving.load_model(tmp_path / "network.keras", compile=False, safe_mode=True)
    assert np.allclose(np.asarray(loaded(ROWS)), np.asarray(network(ROWS)), atol=1e-6)


@pytest.mark.long
def test_its_random_layers_draw_by_the_seed():
    def states(seed):
        network = _build(_spec("EfficientNetB0", dropout=0.2), seed)
        inside = {id(weight) for weight in network.weights}
        return [np.asarray(state) for state in network.non_trainable_variables if id(state) not in inside]

    one, same, other = states(1), states(1), states(2)
    assert len(one) > 1
    assert all(np.array_equal(a, b) for a, b in zip(one, same, strict=True))
    assert not any(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(
    ("options", "trained"),
    [
        ({}, "all"),
        ({"weights": "w.h5"}, 2),
        ({"weights": "w.h5", "trainable": "all"}, "all"),
        ({"weights": "w.h5", "trainable": "conv_1"}, 2 + 3),  # a kernel, gamma and beta
    ],
)
def test_only_what_is_asked_for_is_trained(options, trained):
    network = _build(_spec(**options))
    whole = sum(1 for weight in network.weights if "moving" not in weight.name)
    assert len(network.trainable_variables) == (whole if trained == "all" else trained)


def test_random_backbones_forget_the_first_averages_within_tens_of_steps():
    for options, momentum in (({}, 0.9), ({"weights": "w.h5"}, 0.999)):
        assert _build(_spec(**options)).get_layer("conv_1_bn").momentum == pytest.approx(momentum)


def test_a_layer_that_it_does_not_have_is_refused():
    with pytest.raises(ConfigError, match=r"model\.trainable: MobileNetV3Small has no layer 'conv_2', did you mean .*conv_1"):
        _build(_spec(trainable="conv_2"))


def _refused(architecture, name, content):
    from foldwise.models.try_out import try_out

    spec = _spec(architecture, weights=name, sha256=hold(content))
    rule = rf"model\.weights: {name} does not hold the weights of {architecture} without its top"
    with pytest.raises(ConfigError, match=rule):
        try_out(spec, ROWS.shape[1], SOFTMAX)


def test_a_file_that_is_not_one_of_weights_is_refused():
    _refused(SMALL, "w.h5", b"not weights at all")


@pytest.mark.long
@pytest.mark.parametrize("suffix", [".weights.h5", ".keras"])
def test_a_file_of_another_architecture_is_refused(suffix, tmp_path):
    _refused("MobileNetV2", f"w{suffix}", Path(_file(tmp_path, SMALL, suffix).name).read_bytes())


def test_random_weights_are_reported():
    from foldwise.models.try_out import try_out

    said = try_out(_spec(), ROWS.shape[1], SOFTMAX)
    assert said == "MobileNetV3Small begins with random weights, as model.weights names no file; nothing is downloaded"


@pytest.mark.long
def test_the_colours_of_imagenet_are_divided_by_the_roots_of_their_deviations_too(tmp_path):
    import keras

    from foldwise.models.backbone_file import IMAGENET_DEVIATIONS, file_weights

    network = keras.applications.EfficientNetB0(include_top=False, weights=None, input_shape=IMAGE)
    normalisation = next(layer for layer in network.layers if isinstance(layer, keras.layers.Normalization))
    variance = next(weight for weight in normalisation.weights if weight.name == "variance")
    place = [id(weight) for weight in network.weights].index(id(variance))
    for given, kept in ((IMAGENET_DEVIATIONS**2, IMAGENET_DEVIATIONS**3), (np.ones(3), np.ones(3))):
        variance.assign(given)
        path = tmp_path / "w.weights.h5"
        network.save_weights(path)
        spec = _spec("EfficientNetB0", weights=str(path), sha256=hold(path.read_bytes()))
        assert np.allclose(file_weights(spec)[place], kept, rtol=1e-5)

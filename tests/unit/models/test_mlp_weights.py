"""The fused engine's first weights and seeds are those of the Keras network that it does not build."""

import numpy as np
import pytest

pytestmark = pytest.mark.slow

SPECS = [
    {"initializer": "he_normal", "hidden": 2, "units": [5, 3]},
    {"initializer": "orthogonal", "bias_initializer": "normal", "batch_norm": True, "hidden": 2},
    {"initializer": "identity", "layer_norm": True},
    {"initializer": "uniform", "bias_initializer": "ones"},
    {"hidden": 0},
    {"hidden": 3, "initializer": ["he_normal", "zeros", "uniform"], "batch_norm": [True, False, True]},
]


LISTED = {"hidden": 3, "dropout": [0.1, 0.0, 0.3]}


def head():
    from foldwise.models.heads import head_for
    from foldwise.spec.fit import FitSpec
    from foldwise.spec.model import MlpSpec

    return head_for("multiclass", 3, MlpSpec(), FitSpec())


@pytest.mark.parametrize("options", SPECS)
def test_first_weights_are_those_of_the_network(options, tensorflow_started):
    from foldwise.models.build import build, initial_weights
    from foldwise.models.mlp_weights import first_weights
    from foldwise.spec.model import MlpSpec

    spec = MlpSpec.model_validate(options)
    expected = initial_weights(build(spec, 4, head(), 7), 11)
    found = first_weights(spec, 4, head(), 11)
    assert [array.dtype for array in found] == [array.dtype for array in expected]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("options", [{"noise": 0.1}, {"dropout": 0.2, "hidden": 3}, {"noise": 0.1, "dropout": 0.2}, {}, LISTED])
def test_the_seeds_are_those_of_its_random_layers(options, tensorflow_started):
    from foldwise.models.build import build
    from foldwise.models.mlp_weights import NOISE, layer_seeds
    from foldwise.spec.model import MlpSpec

    spec = MlpSpec.model_validate(options)
    found = {}
    for layer in build(spec, 4, head(), 7).layers:
        if layer.name.startswith(("noise", "dropout")):
            place = NOISE if layer.name == "noise" else int(layer.name.rsplit("_", 1)[1]) - 1
            found[place] = int(layer.seed_generator.state.numpy()[0])
    assert dict(layer_seeds(spec, 7)) == found

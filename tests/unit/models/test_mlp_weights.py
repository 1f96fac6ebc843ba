"""The fused engine's first weights and seeds are those of the Keras network that it does not build."""

import numpy as np
import pytest

from foldwise.data.preparation.layout import NO_LAYOUT, Layout

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
    found = first_weights(spec, 4, NO_LAYOUT, head(), [11])[0]
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


LAYOUT = Layout(3, ((5, 8), (8, 20), (20, 22)))
EMBEDDED = [
    {"kind": "tabular"},
    {"kind": "tabular", "numeric_embedding": "plr"},
    {"kind": "tabular", "numeric_embedding": "ple", "category_embedding": {"kind": "learned", "from_levels": 2}},
    {"kind": "tabular", "hidden": 0, "category_embedding": "none"},
    {"kind": "tabm"},
    {"kind": "tabm", "hidden": 3, "layer_norm": True, "parametric_activation": True, "numeric_embedding": "pbld"},
    {"kind": "mlp", "numeric_embedding": "ple", "batch_norm": True, "hidden": 2},
    {"kind": "mlp", "scaling_layer": True},
]


@pytest.mark.parametrize("layout", [LAYOUT, NO_LAYOUT], ids=["table", "pixels"])
@pytest.mark.parametrize("options", EMBEDDED)
def test_the_weights_are_those_of_the_network_in_its_order(options, layout, tensorflow_started):
    from pydantic import TypeAdapter

    from foldwise.models.build import answering, build
    from foldwise.models.mlp_weights import Parts, Sides, count_weights, first_weights, weights_of
    from foldwise.spec.model import ModelSpec

    spec = TypeAdapter(ModelSpec).validate_python(options)
    network = build(spec, 22, head(), 0, (), layout)
    found = weights_of(Parts.of(spec, layout), Sides.of(spec, layout, 22, 3))
    names = [tuple(weight.path.split("/")[-2:]) for weight in network.weights]
    assert [(weight.layer, weight.part) for weight in found] == names
    assert [weight.shape for weight in found] == [tuple(weight.shape) for weight in network.weights]
    assert [weight.trained for weight in found] == [weight.trainable for weight in network.weights]
    assert [array.shape for array in first_weights(spec, 22, layout, head(), [0])[0]] == [weight.shape for weight in found]
    assert count_weights(spec, 22, layout, head()) == network.count_params()
    answers = answering(network)
    assert [weight.path for weight in answers.weights] == [weight.path for weight in network.weights]
    assert answers.output_shape == (None, 3)


def test_each_kind_of_weight_belongs_to_its_rate():
    from foldwise.models.mlp_weights import group_of

    found = {name: group_of(*name.split("/")) for name in (
        "bins/bias", "frequencies/kernel", "numbers/bias", "levels_1/kernel", "scaling/kernel", "dense_1/kernel",
        "dense_1/bias", "dense_12/kernel", "outputs_2/bias", "alpha_1/kernel", "norm_1/gamma", "output/kernel", "output/bias",
    )}  # fmt: skip
    assert found == {
        "bins/bias": "bias", "frequencies/kernel": "embedding", "numbers/bias": "embedding", "levels_1/kernel": "",
        "scaling/kernel": "scaling", "dense_1/kernel": "first", "dense_1/bias": "bias", "dense_12/kernel": "",
        "outputs_2/bias": "bias", "alpha_1/kernel": "activation", "norm_1/gamma": "", "output/kernel": "",
        "output/bias": "bias",
    }  # fmt: skip


def test_members_begin_with_random_signs_and_share_their_kernels(tensorflow_started):
    from foldwise.models.mlp_weights import Parts, Sides, first_weights, weights_of
    from foldwise.spec.model import TabmSpec

    spec = TabmSpec(kind="tabm", members=4, hidden=2, units=6, numeric_embedding={"kind": "none"})
    names = [(weight.layer, weight.part) for weight in weights_of(Parts.of(spec, NO_LAYOUT), Sides.of(spec, NO_LAYOUT, 5, 3))]
    values = dict(zip(names, first_weights(spec, 5, NO_LAYOUT, head(), [3])[0], strict=True))
    assert set(np.unique(values["inputs_1", "kernel"])) == {-1.0, 1.0}
    assert (values["inputs_2", "kernel"] == 1).all()
    assert values["dense_1", "kernel"].shape == (5, 6)
    assert values["output", "kernel"].shape == (4, 6, 3)

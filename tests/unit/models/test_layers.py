"""Networks from lists of layers."""

import numpy as np
import pytest

from foldwise.errors import ConfigError
from foldwise.models.heads import Head
from foldwise.spec.layers import LayersSpec

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tensorflow_started")]
SOFTMAX = Head(3, "softmax", "categorical_crossentropy", "multiclass")
ROWS = np.random.default_rng(0).random((5, 6), dtype=np.float32)
COLUMNS = ("age", "fare", "fare", "sex", "sex", "deck")


def _build(*layers, seed=0, **options):
    from foldwise.models.build import build

    spec = LayersSpec.model_validate({"kind": "layers", "layers": list(layers), **options})
    return build(spec, 6, SOFTMAX, seed, COLUMNS)


def _dense(units=4, **options):
    return {"kind": "Dense", "units": units, **options}


def _kinds(network):
    return [type(layer).__name__ for layer in network.layers]


def test_layers_have_the_listed_order_with_the_head_at_the_end():
    network = _build(_dense(activation="relu"), {"kind": "Dropout", "rate": 0.2}, "BatchNormalization")
    assert _kinds(network) == ["InputLayer", "Dense", "Dropout", "BatchNormalization", "Dense", "Activation"]
    assert network.count_params() == (6 + 1) * 4 + 4 * 4 + (4 + 1) * 3
    np.testing.assert_allclose(np.asarray(network(ROWS)).sum(axis=1), 1.0, rtol=1e-5)


def test_an_image_goes_through_convolutions():
    convolution = {"kind": "Conv2D", "filters": 5, "kernel_size": [1, 2], "padding": "same", "activation": "relu"}
    network = _build({"kind": "Reshape", "target_shape": [2, 3, 1]}, convolution, {"kind": "MaxPooling2D"}, "Flatten")
    assert network.count_params() == (2 + 1) * 5 + (5 + 1) * 3
    assert network(ROWS).shape == (5, 3)


def test_named_inputs_are_the_features_of_their_columns():
    network = _build(
        _dense(2, **{"from": "deep", "name": "high"}),
        {"kind": "Concatenate", "from": ["wide", "high"], "name": "both"},
        inputs={"wide": ["fare", "deck"], "deep": "all"},
    )
    import keras

    both = np.asarray(keras.Model(network.inputs[0], network.get_layer("both").output)(ROWS))
    np.testing.assert_array_equal(both[:, :3], ROWS[:, [1, 2, 5]])
    assert network.get_layer("high").kernel.shape == (6, 2)
    assert network.get_layer("output").kernel.shape == (5, 3)


def test_branches_can_be_added():
    network = _build(
        _dense(4, name="a"), _dense(4, **{"from": "features", "name": "b"}), {"kind": "Add", "from": ["a", "b"], "name": "sum"}
    )  # fmt: skip
    import keras

    a, b, total = keras.Model(network.inputs[0], [network.get_layer(name).output for name in ("a", "b", "sum")])(ROWS)
    np.testing.assert_allclose(np.asarray(a) + np.asarray(b), np.asarray(total), rtol=1e-6)


WIDE_AND_DEEP = (
    _dense(5, **{"from": "deep", "name": "low"}),
    _dense(4, name="high"),
    {"kind": "Concatenate", "from": ["wide", "high"]},
)
INPUTS = {"wide": ["fare", "deck"], "deep": "all"}


def test_further_outputs_have_heads_of_their_own_and_the_first_one_answers():
    from foldwise.models.build import answering, initial_weights

    plain = _build(*WIDE_AND_DEEP, inputs=INPUTS)
    network = _build(*WIDE_AND_DEEP, inputs=INPUTS, outputs={"high": 0.1, "low": 0.2})
    assert [output.shape for output in network.outputs] == [(None, 3)] * 3
    assert network.get_layer("output.high").kernel.shape == (4, 3)
    assert network.get_layer("output.low").kernel.shape == (5, 3)
    weights = initial_weights(network, 7)
    network.set_weights(weights)
    plain.set_weights(initial_weights(plain, 7))
    main, *others = (np.asarray(output) for output in network(ROWS))
    for each in others:
        np.testing.assert_allclose(each.sum(axis=1), 1.0, rtol=1e-5)
        assert not np.allclose(each, main)
    answers = answering(network)
    assert answers.count_params() == plain.count_params()
    np.testing.assert_array_equal(np.asarray(answers(ROWS)), main)
    np.testing.assert_array_equal(np.asarray(plain(ROWS)), main)  # further outputs do not change the first weights
    assert answering(plain) is plain


def test_a_branch_that_only_a_further_output_takes_is_no_part_of_what_answers():
    from foldwise.models.build import answering

    layers = [_dense(5, name="low"), _dense(9, name="aside"), _dense(4, **{"from": "low"})]
    network = _build(*layers, outputs={"aside": 0.5})
    assert {layer.name for layer in network.layers} > {"aside", "output.aside"}
    assert answering(network).count_params() == _build(layers[0], layers[2]).count_params()


def test_penalties_and_initializers_are_the_configuration_s():
    network = _build(_dense(4, l1=0.01, l2=0.1, kernel_initializer="ones"))
    network(ROWS)
    assert float(sum(network.losses)) == pytest.approx(0.11 * 24, rel=1e-5)


def test_penalties_of_biases_and_activities_and_constraints_are_those_of_keras():
    import keras

    network = _build(
        _dense(4, bias_l2=0.5, bias_initializer="ones", activity_l1=0.01, activation="relu", kernel_constraint="max_norm"),
        {"kind": "Reshape", "target_shape": [2, 2]},
        {"kind": "Conv1D", "filters": 3, "kernel_size": 2, "kernel_constraint": {"kind": "unit_norm"}, "name": "convolution"},
        "Flatten",
    )
    dense, convolution = network.layers[1], network.get_layer("convolution")
    network(ROWS)
    expected = 0.5 * 4 + 0.01 * float(np.abs(dense(ROWS)).sum()) / len(ROWS)
    assert float(sum(network.losses[:2])) == pytest.approx(expected, rel=1e-5)
    assert isinstance(dense.kernel_constraint, keras.constraints.MaxNorm)
    norms = np.sqrt((np.asarray(convolution.kernel_constraint(convolution.kernel)) ** 2).sum(axis=(0, 1)))
    np.testing.assert_allclose(norms, 1.0, rtol=1e-5)  # of each filter


def test_a_constraint_can_be_none():
    assert _build(_dense(4, kernel_constraint="none")).layers[1].kernel_constraint is None


def test_first_weights_and_masks_follow_from_the_seed():
    from foldwise.models.build import initial_weights

    norm, noise = {"kind": "GroupNormalization", "groups": 5}, {"kind": "GaussianNoise", "stddev": 1.0}
    stack = [_dense(50), "PReLU", norm, {"kind": "Dropout", "rate": 0.5}, noise]
    network = _build(*stack, inputs={"some": ["fare"]})
    first, again, other = (initial_weights(network, seed) for seed in (1, 1, 2))
    assert [value.shape for value in first] == [tuple(weight.shape) for weight in network.weights]
    assert all(np.array_equal(one, two) for one, two in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])
    weights = network.get_weights()
    outputs = []
    for seed in (3, 3, 4):
        network = _build(*stack, inputs={"some": ["fare"]}, seed=seed)
        network.set_weights(weights)
        outputs.append(np.asarray(network(ROWS, training=True)))
    np.testing.assert_array_equal(outputs[0], outputs[1])
    assert not np.array_equal(outputs[0], outputs[2])


def test_a_saved_network_answers_as_before(tmp_path):
    import keras

    network = _build(_dense(2, **{"from": "deep"}), inputs={"deep": ["fare", "deck"]})
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras", compile=False, safe_mode=True)
    np.testing.assert_array_equal(np.asarray(loaded(ROWS)), np.asarray(network(ROWS)))


CONVOLUTION = {"kind": "Conv2D", "filters": 2, "kernel_size": 3}
IMAGE = {"kind": "Reshape", "target_shape": [2, 3, 1]}
WRONG = {
    "too flat": ([CONVOLUTION, "Flatten"], r"layers\.0: layer 1 \(Conv2D\) cannot take 6: a row must have 3 sides, and has 1"),
    "too small": ([IMAGE, CONVOLUTION, "Flatten"], r"model\.layers\.1: layer 2 \(Conv2D\) cannot take 2 x 3 x 1: "),
    "another size": ([{**IMAGE, "target_shape": [2, 2]}, "Flatten"], r"layer 1 \(Reshape\) cannot take 6: The total size"),
    "no vector": ([IMAGE], r"model\.layers: the last layer gives 2 x 3 x 1, .* end with Flatten or GlobalAveragePooling2D"),
    "apart": (
        [_dense(2, name="a"), _dense(3, **{"from": "features", "name": "b"}), {"kind": "Add", "from": ["a", "b"]}],
        r"model\.layers\.2: layer 3 \(Add\) cannot take 2 and 3",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_shape_that_does_not_fit_is_refused_with_the_layer(case):
    layers, sentence = WRONG[case]
    with pytest.raises(ConfigError, match=sentence):
        _build(*layers)


def test_a_further_output_that_is_not_a_vector_is_refused():
    layers = [{**IMAGE, "name": "image"}, "Flatten"]
    with pytest.raises(ConfigError, match=r"model\.outputs\.image: image gives 2 x 3 x 1, .* end with Flatten or Global"):
        _build(*layers, outputs={"image": 0.1})


def test_an_input_without_features_is_refused():
    with pytest.raises(ConfigError, match=r"model\.inputs\.lost: none of its columns has a feature left"):
        _build(_dense(), inputs={"lost": ["cabin"]})

"""Several networks as one."""

import numpy as np
import pytest

from foldwise.models.heads import Head
from foldwise.spec.model import CnnSpec, MlpSpec

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tensorflow_started")]
SOFTMAX = Head(3, "softmax", "categorical_crossentropy", "multiclass")
MLP = MlpSpec(hidden=2, units=(8, 4), batch_norm=True, dropout=0.5, noise=0.1)
ROWS = np.random.default_rng(0).normal(size=(20, 16)).astype(np.float32)


def _networks(count, spec=MLP):
    from foldwise.models.build import build, initial_weights

    made = [build(spec, 16, SOFTMAX, 0) for _ in range(count)]
    for seed, network in enumerate(made):
        network.set_weights(initial_weights(network, seed))
    return made


@pytest.mark.parametrize("spec", [MLP, CnnSpec(kind="cnn", image=(4, 4, 1), blocks=1)], ids=lambda spec: spec.kind)
def test_the_outputs_are_the_mean_of_the_members_also_when_loaded_from_a_file(spec, tmp_path):
    import keras

    from foldwise.bundle.network_file import check_network
    from foldwise.bundle.network_size import size_fault
    from foldwise.models.average import averaged, members

    networks = _networks(3, spec)
    expected = np.mean([network.predict_on_batch(ROWS) for network in networks], axis=0)
    joined = averaged(networks)
    np.testing.assert_allclose(joined.predict_on_batch(ROWS), expected, atol=1e-6)
    assert joined.count_params() == 3 * networks[0].count_params()
    joined.save(tmp_path / "network.keras")
    assert size_fault(check_network(tmp_path / "network.keras"), 16, 3) is None
    loaded = keras.saving.load_model(tmp_path / "network.keras", compile=False, safe_mode=True)
    np.testing.assert_array_equal(loaded.predict_on_batch(ROWS), joined.predict_on_batch(ROWS))
    names = [member.name for member in members(loaded)]
    assert names == [f"{spec.kind}_{number}_of_3" for number in (1, 2, 3)]
    for member, network in zip(members(loaded), networks, strict=True):
        np.testing.assert_array_equal(member.predict_on_batch(ROWS), network.predict_on_batch(ROWS))


def test_one_network_stays_as_it_is():
    from foldwise.models.average import averaged, members

    (network,) = _networks(1)
    assert averaged([network]) is network
    assert members(network) == [network]


def test_a_network_with_networks_inside_is_its_own_only_member():
    import keras

    from foldwise.models.average import members

    inputs = keras.Input((16,))
    outside = keras.Model(inputs, _networks(1)[0](inputs))
    assert members(outside) == [outside]


def test_a_member_is_drawn_and_summarised():
    from foldwise.models.average import averaged, members
    from foldwise.models.inspect import network_graph_of, summary_of

    member = members(averaged(_networks(3)))[0]
    assert 'Model: "mlp_1_of_3"' in summary_of(member)
    graph = network_graph_of(member)
    assert graph.name == "mlp_1_of_3"
    assert [layer.name for layer in graph.layers][:3] == ["features", "noise", "dense_1"]
    assert graph.parameters == member.count_params()


def test_a_network_counts_as_often_as_asked_also_when_loaded_from_a_file(tmp_path):
    import keras

    from foldwise.models.average import averaged, members

    networks = _networks(3)
    joined = averaged(networks, [4, 1, 2])
    expected = np.average([network.predict_on_batch(ROWS) for network in networks], axis=0, weights=[4, 1, 2])
    np.testing.assert_allclose(joined.predict_on_batch(ROWS), expected, atol=1e-6)
    assert len(members(joined)) == 3
    joined.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras", compile=False, safe_mode=True)
    np.testing.assert_array_equal(loaded.predict_on_batch(ROWS), joined.predict_on_batch(ROWS))
    assert len(members(loaded)) == 3

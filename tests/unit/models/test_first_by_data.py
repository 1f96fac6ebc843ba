"""First weights that follow from a fold's training rows."""

from dataclasses import replace

import numpy as np
import pytest

from foldwise.data.preparation.layout import Layout

pytestmark = pytest.mark.slow
LAYOUT = Layout(2, ((3, 6), (6, 9)))


def _named(spec, data, head):
    from foldwise.models.first_by_data import fitted_weights
    from foldwise.models.mlp_weights import Parts, Sides, weights_of

    every = weights_of(Parts.of(spec, data.layout), Sides.of(spec, data.layout, data.train_x.shape[1], head.units))
    names = [(weight.layer, weight.part) for weight in every]
    return dict(zip(names, fitted_weights(spec, [data], head, [5])[0], strict=True))


def _spec(**options):
    from foldwise.spec.model import TabularSpec

    return TabularSpec.model_validate({"kind": "tabular", "hidden": 2, "units": 6, **options})


def _head():
    from foldwise.models.heads import Head

    return Head(1, "sigmoid", "binary_crossentropy", "binary")


@pytest.mark.parametrize("embedding", ["pbld", "plr", "ple", "none"])
def test_every_unit_varies_by_one_over_the_rows_before_its_bias(embedding, fold, tensorflow_started):
    import keras

    from foldwise.models.build import build
    from foldwise.models.first_by_data import fitted_weights

    data = replace(fold("binary", rows=200, features=9), layout=LAYOUT)
    levels = {"kind": "learned", "from_levels": 3, "width": 2}
    spec = _spec(numeric_embedding=embedding, category_embedding=levels)
    network = build(spec, 9, _head(), 0, (), LAYOUT)
    network.set_weights(fitted_weights(spec, [data], _head(), [5])[0])
    for name in ("dense_1", "dense_2", "output"):
        layer = network.get_layer(name)
        before = keras.Model(network.input, layer.output)(data.train_x) - layer.bias
        np.testing.assert_allclose(np.std(before, axis=0), 1.0, atol=1e-4)


def test_each_bias_puts_its_unit_to_zero_at_a_mean_of_rows(fold, tensorflow_started):
    data = replace(fold("binary", rows=200, features=9), layout=LAYOUT)
    spec = _spec(numeric_embedding="none", category_embedding="none", scaling_layer=False)
    values = _named(spec, data, _head())
    z = data.train_x @ values["dense_1", "kernel"] / 3.0
    assert (z.min(axis=0) <= -values["dense_1", "bias"]).all()
    assert (-values["dense_1", "bias"] <= z.max(axis=0)).all()
    assert np.std(values["dense_1", "bias"]) > 0.1


def test_bins_place_each_number_between_zero_and_one(fold, tensorflow_started):
    data = replace(fold("binary", rows=200, features=9), layout=LAYOUT)
    values = _named(_spec(numeric_embedding={"kind": "ple", "bins": 4}), data, _head())
    x = data.train_x[:, :2]
    found = np.clip(x[..., None] * values["bins", "kernel"] + values["bins", "bias"], 0, 1)
    for column in range(2):
        edges = np.quantile(x[:, column], np.linspace(0, 1, 5))
        expected = np.stack([np.interp(x[:, column], edges[k : k + 2], [0, 1]) for k in range(4)], axis=1)
        np.testing.assert_allclose(found[:, column], expected, atol=1e-5)


def test_a_constant_number_has_empty_bins(fold, tensorflow_started):
    data = replace(fold("binary", rows=50, features=9), layout=LAYOUT)
    data.train_x[:, 1] = 3.0
    values = _named(_spec(numeric_embedding={"kind": "ple", "bins": 4}), data, _head())
    assert (values["bins", "kernel"][1] == 0).all()
    assert all(np.isfinite(value).all() for value in values.values())


def test_features_come_apart_in_the_order_of_the_network():
    from foldwise.models.first_by_data import arranged

    spec = _spec(category_embedding={"kind": "learned", "from_levels": 3})
    x = np.arange(20.0).reshape(2, 10)
    parts = [part[0].tolist() for part in arranged(x, Layout(2, ((3, 6), (6, 8), (8, 10))), spec)]
    assert parts == [[0, 1], [2, 6, 7, 8, 9], [3, 4, 5]]


@pytest.mark.parametrize("embedding", ["pbld", "none"])
def test_folds_of_different_features_have_the_values_that_each_has_alone(embedding, fold, tensorflow_started):
    from foldwise.models.first_by_data import fitted_weights

    sizes = (9, 9, 11, 9)
    folds = [
        replace(fold("binary", rows=60, features=size, seed=seed), layout=Layout(2, ((3, 6), (6, size))))
        for seed, size in enumerate(sizes)
    ]
    spec, seeds = _spec(numeric_embedding=embedding), [5, 6, 7, 8]
    together = fitted_weights(spec, folds, _head(), seeds)
    for data, seed, values in zip(folds, seeds, together, strict=True):
        (alone,) = fitted_weights(spec, [data], _head(), [seed])
        assert [value.tobytes() for value in values] == [value.tobytes() for value in alone]
    assert any(one.tobytes() != other.tobytes() for one, other in zip(together[0], together[1], strict=True))

import numpy as np
import pytest
from scipy.stats import yeojohnson
from sklearn.preprocessing import PowerTransformer, QuantileTransformer

from foldwise.data.preparation.scale import Power, Ranks, SmoothClip, bend, fit_scale

SKEWED = np.exp(np.random.default_rng(0).normal(size=(3000, 2)))


def scaled(values, kind):
    curves, center, scale = fit_scale(values, kind)
    return (bend(values, curves) - center) / scale


@pytest.mark.parametrize("exponent", [-2.0, 0.0, 1e-9, 0.7, 1.0, 2.0, 3.5])
def test_a_power_follows_scipy_s_formula(exponent):
    x = np.linspace(-30, 30, 301)
    np.testing.assert_allclose(Power(exponent)(x), yeojohnson(x, exponent), rtol=1e-6, atol=1e-12)


def test_yeo_johnson_is_scikit_learn_s():
    np.testing.assert_allclose(scaled(SKEWED, "yeo_johnson"), PowerTransformer().fit_transform(SKEWED), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(("kind", "to"), [("quantile", "normal"), ("quantile_uniform", "uniform")])
def test_quantiles_are_scikit_learn_s_but_for_the_ends(kind, to):
    theirs = QuantileTransformer(n_quantiles=1000, subsample=None, output_distribution=to).fit_transform(SKEWED)
    ours = scaled(SKEWED, kind)
    inner = (ours > ours.min(axis=0)) & (ours < ours.max(axis=0))
    assert inner.mean() > 0.99
    np.testing.assert_allclose(ours[inner], theirs[inner], rtol=1e-9, atol=1e-9)


def test_equal_values_take_the_middle_of_their_ranks_and_ends_are_not_infinite():
    values = np.array([0.0] * 90 + [1.0, 5.0, 1e6] + [2.0] * 7)[:, None]
    uniform, normal = (scaled(values, kind)[:, 0] for kind in ("quantile_uniform", "quantile"))
    assert abs(uniform[0] - 0.45) < 0.01
    assert uniform[92] == 1 - 0.5 / 100
    assert np.abs(normal).max() < 3
    assert (np.argsort(np.argsort(uniform, kind="stable")) == np.argsort(np.argsort(values[:, 0], kind="stable"))).all()


def test_robust_clip_is_the_published_formula():
    mostly_zero = np.array([0.0] * 90 + [4.0] * 10)
    values = np.column_stack([SKEWED[:100, 0], -3.0 * SKEWED[:100, 1], mostly_zero, np.full(100, 7.0)])
    low, median, high = np.quantile(values, [0.25, 0.5, 0.75], axis=0)
    factors = np.array([1 / (high - low)[0], 1 / (high - low)[1], 2 / 4.0, 0.0])
    z = factors * (values - median)
    np.testing.assert_allclose(scaled(values, "robust_clip"), z / np.sqrt(1 + (z / 3) ** 2), rtol=1e-12)


def test_robust_clip_keeps_outliers_near_and_in_order():
    clip = SmoothClip(1.0, 0.5)
    found = clip(np.array([-1e38, -50.0, 1.0, 1.02, 50.0, 1e38]))
    assert (np.diff(found) > 0).all()
    assert np.abs(found).max() == 3.0
    assert found[2:4] == pytest.approx([0.0, 0.01], abs=1e-6)


@pytest.mark.parametrize("kind", ["quantile", "quantile_uniform", "yeo_johnson", "robust_clip"])
@pytest.mark.parametrize(
    "column", [[7.0] * 50, [0.0] * 25 + [5e-324] * 25, [1e30] + [0.0] * 49, [-1e30, 1e30] * 25, list(range(50))]
)
def test_odd_columns_stay_finite_also_for_values_never_seen(kind, column):
    values = np.array(column)[:, None]
    curves, center, scale = fit_scale(values, kind)
    for asked in (values, np.array([[-1e38], [0.0], [1e38]])):
        assert np.isfinite((bend(asked, curves) - center) / scale).all()


def test_values_beyond_the_training_rows_take_the_ends():
    ranks = Ranks((0.0, 1.0, 2.0, 3.0), normal=False)
    assert ranks(np.array([-9.0, 0.0, 1.5, 3.0, 9.0])).tolist() == [0.125, 0.125, 0.5, 0.875, 0.875]

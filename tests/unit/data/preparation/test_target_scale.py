import numpy as np
import pytest

from foldwise.data.preparation.target_scale import TargetScale, fit_target_scale

SKEWED = np.exp(np.random.default_rng(0).normal(10, 1, 500))


@pytest.mark.parametrize("kind", ["standard", "log", "none"])
def test_back_undoes_forward(kind):
    scale = fit_target_scale(SKEWED, kind)
    np.testing.assert_allclose(scale.back(scale.forward(SKEWED)), SKEWED, rtol=1e-9)


@pytest.mark.parametrize("kind", ["standard", "log"])
def test_a_scaled_target_has_mean_0_and_deviation_1(kind):
    learnt = fit_target_scale(SKEWED, kind).forward(SKEWED)
    np.testing.assert_allclose([learnt.mean(), learnt.std()], [0, 1], atol=1e-9)


def test_the_logarithm_removes_the_skew():
    learnt = fit_target_scale(SKEWED, "log").forward(SKEWED)
    assert abs((learnt**3).mean()) < 0.3
    assert (fit_target_scale(SKEWED, "standard").forward(SKEWED) ** 3).mean() > 3


@pytest.mark.parametrize("kind", ["standard", "log", "none"])
def test_a_clamped_answer_stays_within_the_range_of_the_targets(kind):
    scale, free = fit_target_scale(SKEWED, kind, clamp=True), fit_target_scale(SKEWED, kind)
    outputs = np.linspace(-1e5, 1e5, 400) if kind == "none" else np.linspace(-9, 9, 400)
    np.testing.assert_array_equal(scale.back(outputs), np.clip(free.back(outputs), SKEWED.min(), SKEWED.max()))
    assert free.back(outputs).min() < SKEWED.min()
    np.testing.assert_array_equal(scale.forward(SKEWED), free.forward(SKEWED))


def test_everything_stays_finite():
    assert fit_target_scale([7.0, 7.0], "log").sd == 1.0
    scale = TargetScale(log=True)
    assert np.isfinite(scale.forward([-1.0, -1e30, 1e38])).all()
    assert np.isfinite(scale.back([-1e9, 1e9])).all()

import math

import numpy as np
import pytest

from foldwise.tuning.columns import Column
from foldwise.tuning.importance import FEWEST, MOST, measure

RNG = np.random.default_rng(0)


def quantities(count, **more):
    return Column(more.pop("name", "x"), RNG.uniform(size=count), **more)


def test_the_important_parameter_comes_first_and_an_irrelevant_one_has_an_interval_around_0():
    one, other, idle = (quantities(300, name=name) for name in ("one", "other", "idle"))
    noise = RNG.normal(0, 0.05, 300)
    found = measure([idle, other, one], 2 * one.values + other.values + noise, seed=1)
    shares = {one.name: one for one in found.parameters}
    assert [one.name for one in found.parameters] == ["one", "other", "idle"]
    assert shares["one"].share == pytest.approx(0.8, abs=0.15), "its part of the variance is 4 of 5"
    assert shares["other"].low > 0
    assert shares["idle"].low <= 0.01
    assert shares["idle"].high < 0.05
    assert found.explained > 0.7


def test_a_category_and_a_logarithmic_range_count_too():
    kind = Column("kind", RNG.integers(0, 3, 200).astype(float), ("a", "b", "c"))
    rate = Column("rate", 10 ** RNG.uniform(-4, -1, 200), log=True)
    scores = np.array([0.0, 1.0, 0.0])[kind.values.astype(int)] - 0.3 * (np.log10(rate.values) + 2.5) ** 2
    found = measure([rate, kind], scores, seed=1)
    assert all(one.low > 0 for one in found.parameters)


def test_a_parameter_of_half_the_trials_counts_where_it_exists():
    kind = Column("kind", np.arange(300) % 2.0, ("with", "without"))
    inner = Column("inner", np.where(kind.values == 0, RNG.uniform(size=300), math.nan))
    idle = Column("idle", np.where(kind.values == 0, RNG.uniform(size=300), math.nan))
    scores = np.where(kind.values == 0, inner.values, 0.5)
    found = {one.name: one for one in measure([kind, inner, idle], scores, seed=1).parameters}
    assert found["inner"].low > 0.1
    assert found["idle"].high < 0.1


def test_quantities_of_any_size_count():
    large = Column("large", np.where(np.arange(100) % 2, 1e300, -1e300))
    fine = Column("fine", 1 + RNG.uniform(size=100) * 1e-12)
    found = measure([large, fine], np.sign(large.values) + (fine.values - 1) * 1e12, seed=1)
    assert all(one.low > 0 for one in found.parameters)


def test_one_diverged_trial_does_not_decide():
    one, idle = quantities(100, name="one"), quantities(100, name="idle")
    scores = one.values.copy()
    scores[17] = 1e12
    assert measure([idle, one], scores, seed=1).parameters[0].name == "one"


def test_the_same_seed_gives_the_same_and_fewer_trials_a_wider_interval():
    one, other = quantities(400, name="one"), quantities(400, name="other")
    scores = one.values + RNG.normal(0, 0.3, 400)
    found = measure([one, other], scores, seed=1)
    assert found == measure([one, other], scores, seed=1)
    assert found != measure([one, other], scores, seed=2)
    few = measure([one, other], np.where(np.arange(400) < 40, scores, math.nan), seed=1)
    assert few.trials == 40
    assert few.parameters[0].high - few.parameters[0].low > found.parameters[0].high - found.parameters[0].low


@pytest.mark.parametrize(
    ("columns", "scores", "sentence"),
    [
        ([], np.arange(50.0), "no parameter was searched"),
        ([quantities(50)], np.arange(50.0), "one parameter was searched"),
        ([quantities(50), quantities(50)], np.full(50, math.nan), "0 complete trials are too few"),
        ([quantities(9), quantities(9)], np.arange(9.0), f"9 complete trials are too few, {FEWEST} are needed"),
        ([quantities(50), quantities(50)], np.ones(50), "all complete trials have the same score"),
        ([quantities(50), quantities(50)], np.eye(50)[0], "nearly all complete trials have the same score"),
        ([quantities(60), quantities(60)], RNG.uniform(size=60), "do not predict the score of unseen trials"),
    ],
)
def test_the_reason_is_given_if_nothing_can_be_measured(columns, scores, sentence):
    found = measure(columns, scores, seed=1)
    assert not found.parameters
    assert sentence in found.why_not


def test_only_a_part_of_very_many_trials_is_used():
    one, other = quantities(5000, name="one"), quantities(5000, name="other")
    found = measure([other, one], one.values, seed=1)
    assert found.trials == MOST
    assert found.parameters[0].name == "one"

"""What every learning-rate schedule must do, and the formulas of each."""

import math

import numpy as np
import pytest

from foldwise.training import lr_schedules

SCHEDULES = {
    "constant": lr_schedules.constant(0.1),
    "time_based": lr_schedules.time_based(0.1, 0.001),
    "drop": lr_schedules.drop(0.1, 0.5, 10),
    "exponential": lr_schedules.exponential(0.1, 0.97),
    "polynomial": lr_schedules.polynomial(0.1, 50, 0.01, 2.0),
    "cosine": lr_schedules.cosine(0.1, 50, 0.01),
    "coslog": lr_schedules.coslog(0.1, 50, 4),
    "one_cycle": lr_schedules.one_cycle(0.1, 50, 0.3, 0.04, 0.001),
    "warmed_up": lr_schedules.warmed_up(lr_schedules.cosine(0.1, 45, 0.01), 5),
    "recorded": lr_schedules.recorded([0.1, 0.05, 0.01]),
}


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
class TestSchedule:
    def test_rates_are_positive_floats_of_at_most_lr0(self, schedule):
        rates = [schedule(epoch) for epoch in range(200)]
        assert all(isinstance(rate, float) and 0 < rate <= 0.1 + 1e-12 for rate in rates)

    def test_a_rate_depends_on_the_epoch_alone(self, schedule):
        assert [schedule(epoch) for epoch in (7, 3, 7)] == [schedule(7), schedule(3), schedule(7)]


def test_time_based_is_the_course_s_formula():
    schedule = lr_schedules.time_based(0.1, 0.001)
    assert [schedule(epoch) for epoch in (0, 1, 100)] == pytest.approx([0.1, 0.1 / 1.001, 0.1 / 1.1])


def test_drop_halves_every_ten_epochs():
    schedule = lr_schedules.drop(0.1, 0.5, 10)
    assert [schedule(epoch) for epoch in (0, 8, 9, 18, 19, 29)] == pytest.approx([0.1, 0.1, 0.05, 0.05, 0.025, 0.0125])


def test_schedules_with_an_end_reach_it_at_the_last_epoch():
    for schedule in (lr_schedules.polynomial(0.1, 50, 0.01, 2.0), lr_schedules.cosine(0.1, 50, 0.01)):
        assert schedule(0) == pytest.approx(0.1)
        assert schedule(49) == pytest.approx(0.001)
    assert lr_schedules.cosine(0.1, 51, 0.0)(25) == pytest.approx(0.05)
    assert lr_schedules.polynomial(0.1, 51, 0.0, 1.0)(25) == pytest.approx(0.05)


def test_one_cycle_rises_to_its_top_and_falls_to_its_end():
    schedule = lr_schedules.one_cycle(0.1, 101, 0.3, 0.04, 0.001)
    assert [schedule(epoch) for epoch in (0, 15, 30, 65, 100)] == pytest.approx([0.004, 0.052, 0.1, 0.05005, 0.0001])


def test_a_warm_up_does_not_reach_the_first_rate_before_its_end():
    schedule = lr_schedules.warmed_up(lr_schedules.constant(0.1), 4)
    assert [schedule(epoch) for epoch in range(6)] == pytest.approx([0.02, 0.04, 0.06, 0.08, 0.1, 0.1])


def test_a_recorded_schedule_stays_at_its_last_rate():
    assert [lr_schedules.recorded([0.3, 0.2])(epoch) for epoch in range(4)] == [0.3, 0.2, 0.2, 0.2]


@pytest.mark.parametrize("epochs", [1, 15, 50])
def test_coslog_is_the_published_formula_at_the_middle_of_each_epoch(epochs):
    t = (np.arange(epochs) + 0.5) / epochs
    expected = 0.1 * (1 - np.cos(2 * np.pi * np.log2(1 + 15 * t))) / 2
    assert [lr_schedules.coslog(0.1, epochs, 4)(epoch) for epoch in range(epochs)] == pytest.approx(expected.tolist())
    assert expected.min() > 0


def test_coslog_reaches_its_top_once_a_cycle():
    rates = np.array([lr_schedules.coslog(1.0, 3000, 4)(epoch) for epoch in range(3000)])
    assert ((rates[1:-1] > rates[:-2]) & (rates[1:-1] > rates[2:])).sum() == 4
    assert rates.max() == pytest.approx(1.0, abs=1e-4)
    assert rates[-1] < 1e-5


def test_flat_cos_holds_for_half_of_the_training_and_falls_to_zero():
    assert [lr_schedules.flat_cos(t) for t in (0.0, 0.3, 0.5, 0.75, 1.0)] == pytest.approx([1.0, 1.0, 1.0, 0.5, 0.0])


@pytest.mark.parametrize("epochs", [1, 2])
def test_short_trainings_have_rates_too(epochs):
    for schedule in (lr_schedules.cosine(0.1, epochs, 0.0), lr_schedules.one_cycle(0.1, epochs, 0.3, 0.1, 0.1)):
        assert all(math.isfinite(schedule(epoch)) for epoch in range(epochs))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_a_plateau_does_what_keras_does(seed):
    import keras

    class Network:
        """What the callback needs of a model."""

        def __init__(self):
            self.optimizer = keras.optimizers.SGD(0.1)

    draws = np.random.default_rng(seed)
    patience, cooldown = int(draws.integers(1, 5)), int(draws.integers(0, 4))
    min_delta, min_rate = float(draws.choice([0.0, 0.02])), float(draws.choice([0.0, 0.02]))
    losses = (1 / (1 + 0.1 * np.arange(60)) + 0.05 * draws.normal(size=60)).tolist()
    callback = keras.callbacks.ReduceLROnPlateau(
        "val_loss", 0.5, patience, mode="min", min_delta=min_delta, cooldown=cooldown, min_lr=min_rate
    )
    network = Network()
    callback.set_model(network)
    callback.on_train_begin()
    ours, theirs = [], []
    state = lr_schedules.Plateau(0.1, 0.5, patience, min_delta, min_rate, cooldown)
    for epoch, loss in enumerate(losses):
        callback.on_epoch_end(epoch, {"val_loss": loss})
        theirs.append(float(keras.ops.convert_to_numpy(network.optimizer.learning_rate)))
        state = state.after(loss)
        ours.append(state.rate)
    assert ours == pytest.approx(theirs, rel=1e-5)

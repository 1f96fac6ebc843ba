import pytest

from foldwise.spec.lr_schedule import Constant, Cosine, CosLog, Drop, Exponential, OneCycle, PlateauDrop, Polynomial, TimeBased
from foldwise.training.schedule import rates_for

SCHEDULES = [
    Constant(),
    TimeBased(kind="time_based", decay=0.1),
    Drop(kind="drop", every=3),
    Exponential(kind="exponential"),
    Polynomial(kind="polynomial", end=0.1),
    Cosine(kind="cosine", end=0.1),
    CosLog(kind="coslog"),
    OneCycle(kind="one_cycle"),
    PlateauDrop(kind="plateau"),
]
BY_KIND = pytest.mark.parametrize("spec", SCHEDULES, ids=lambda spec: spec.kind)


def _rates(spec, epochs=10, lr0=0.1, losses=None):
    state, rates = rates_for(spec, lr0, epochs), []
    for epoch in range(epochs):
        rates.append(state.rate(epoch))
        state = state.after(epoch, losses[epoch] if losses else 1.0 / (epoch + 1))
    return rates


@BY_KIND
def test_rates_are_positive_and_at_most_the_optimizer_s(spec):
    assert all(0 < rate <= 0.1 + 1e-12 for rate in _rates(spec))


@BY_KIND
def test_a_warm_up_rises_in_equal_steps_to_the_schedule_s_first_rate(spec):
    warm = _rates(spec.model_copy(update={"warmup": 4}), epochs=14)
    plain = _rates(spec)
    assert warm[:4] == pytest.approx([plain[0] * share for share in (0.2, 0.4, 0.6, 0.8)])
    assert warm[4:] == pytest.approx(plain)


def test_a_plateau_takes_the_rate_down_when_the_loss_stays():
    spec = PlateauDrop(kind="plateau", factor=0.5, patience=2)
    assert _rates(spec, epochs=6, losses=[1.0] * 6) == pytest.approx([0.1, 0.1, 0.1, 0.05, 0.05, 0.025])


def test_epochs_of_the_warm_up_are_no_plateau():
    spec = PlateauDrop(kind="plateau", factor=0.5, patience=2, warmup=3)
    rates = _rates(spec, epochs=8, losses=[1.0] * 8)
    assert rates[3:] == pytest.approx([0.1, 0.1, 0.1, 0.05, 0.05])

import numpy as np
import pytest

from foldwise.training.batches import epoch_orders, rows_per_batch, steps_an_epoch


def test_every_epoch_sees_every_row_once_in_an_order_of_its_own():
    orders = list(epoch_orders(0, 1, 2, 50, 3))
    assert len(orders) == 3
    for order in orders:
        assert sorted(order) == list(range(50))
    assert orders[0].tolist() != orders[1].tolist()


def test_orders_follow_from_seed_trial_and_fold_alone():
    def first(*place):
        return next(epoch_orders(*place, rows=50, epochs=9)).tolist()

    assert first(0, 1, 2) == first(0, 1, 2)
    assert len({tuple(first(*place)) for place in [(0, 1, 2), (1, 1, 2), (0, 2, 2), (0, 1, 3)]}) == 4


def test_more_epochs_do_not_change_the_first_ones():
    few, many = list(epoch_orders(0, 0, 0, 20, 2)), list(epoch_orders(0, 0, 0, 20, 5))
    np.testing.assert_array_equal(few, many[:2])


@pytest.mark.parametrize(("asked", "rows", "size"), [(5, 12, 5), ("full", 12, 12), (1, 12, 1), (32, 12, 12)])
def test_no_batch_is_larger_than_the_training_rows(asked, rows, size):
    assert rows_per_batch(asked, rows) == size


@pytest.mark.parametrize(("asked", "rows", "steps"), [(500, 2000, 4), ("full", 12, 1), (1, 12, 12), (None, 33, 2), (5, 12, 3)])
def test_an_epoch_has_as_many_steps_as_batches(asked, rows, steps):
    assert steps_an_epoch(asked, rows) == steps

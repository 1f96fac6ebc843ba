"""The coordinator's trials by state."""

from foldwise.study.trial_queue import TrialQueue
from foldwise.trial.result import TrialResult


def done(number, x, state="COMPLETE"):
    return TrialResult(number, {"x": x}, state, mean=float(number))


def test_a_new_trial_takes_the_first_free_number():
    queue = TrialQueue([done(0, 1), done(4, 2)], {2: {"x": 3}, 6: {"x": 4}}, taken=[3])
    for number in (1, 5, 7, 8):
        assert queue.next_number == number
        queue.begin(number, {"x": number})
    queue = TrialQueue([done(0, 1), done(4, 2)], {2: {"x": 3}, 7: {"x": 4}})
    assert queue.begun == 4
    assert queue.pending == [{"x": 3}, {"x": 4}]


def test_an_equal_configuration_takes_the_first_result_and_names_it():
    queue = TrialQueue([done(0, 1)])
    queue.begin(1, {"x": 1})
    twin = queue.known(1, {"x": 1})
    assert (twin.number, twin.reused, twin.mean, twin.seconds) == (1, 0, 0.0, 0.0)
    queue.finish(twin)
    queue.begin(2, {"x": 1})
    assert queue.known(2, {"x": 1}).reused == 0


def test_values_of_different_types_are_different():
    queue = TrialQueue([done(0, 1)])
    assert queue.known(1, {"x": True}) is None
    assert queue.known(1, {"x": 1.0}) is None


def test_a_failed_configuration_is_tried_again_and_a_stopped_one_is_not():
    queue = TrialQueue([done(0, 1, "FAILED"), done(1, 2, "STOPPED")])
    assert queue.known(2, {"x": 1}) is None
    assert queue.known(2, {"x": 2}).state == "STOPPED"


def test_a_trial_waits_for_another_of_the_same_configuration():
    queue = TrialQueue()
    for number in range(3):
        queue.begin(number, {"x": 1})
    assert not queue.is_running_elsewhere(0, {"x": 1})
    queue.park(1)
    queue.park(2)
    assert queue.wake() == []
    queue.finish(done(0, 1))
    assert [number for number, _ in queue.wake()] == [1]
    queue.finish(queue.known(1, {"x": 1}))
    assert [number for number, _ in queue.wake()] == [2]


def test_if_a_trial_fails_one_of_two_that_wait_for_it_is_trained_and_the_other_waits():
    queue = TrialQueue()
    for number in range(3):
        queue.begin(number, {"x": 1})
    queue.park(1)
    queue.park(2)
    queue.finish(done(0, 1, "FAILED"))
    assert [number for number, _ in queue.wake()] == [1]
    assert queue.is_running_elsewhere(2, {"x": 1})
    assert queue.wake() == []


def test_a_space_is_exhausted_when_each_of_its_points_was_begun():
    queue = TrialQueue([done(0, 1, "FAILED")], {1: {"x": 2}}, points=3)
    assert not queue.is_exhausted
    queue.begin(2, {"x": 3})
    assert queue.is_exhausted
    assert not TrialQueue([done(0, 1)]).is_exhausted


def test_a_tuner_that_sets_epochs_decides_itself_when_the_search_ends():
    queue = TrialQueue(points=2)
    for number, epochs in enumerate((1, 3, 9)):
        queue.begin(number, {"x": 1, "tuner.epochs": epochs})
        assert not queue.is_exhausted
    assert queue.tried == 3
    assert not TrialQueue([TrialResult(0, {"x": 1, "tuner.epochs": 1}, "COMPLETE")], points=1).is_exhausted
    assert TrialQueue([done(0, 1)], points=1).is_exhausted

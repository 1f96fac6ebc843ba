import json
import math
import threading

from foldwise.study.progress import MOST_NUMBERS, Progress


def growing(epochs, folds=1, unit=1.0, **curves):
    progress = Progress()
    progress.stage_starts("search")
    progress.trial_starts(4)
    for fold in range(folds):
        own = {"loss": [1.0 / (epoch + 1) for epoch in range(epochs)], "learning_rate": [0.1] * epochs, **curves}
        progress.curves_grow(4, fold, own, unit)
    return progress


def test_a_study_that_trains_nothing_has_no_curves():
    progress = Progress()
    assert (progress.stage, progress.trial, progress.curves()) == ("start", None, None)
    progress.trial_starts(0)
    assert progress.curves() is None


def test_curves_are_plain_values_in_the_targets_own_unit():
    found = growing(3, unit=10.0, val_mae=[0.5, 0.25, math.nan]).curves()
    assert found == {
        "trial": 4,
        "names": ["loss", "val_mae"],
        "folds": [{"fold": 0, "epochs": 3, "step": 1, "loss": [1.0, 0.5, 0.33333], "val_mae": [5.0, 2.5, None]}],
    }


def test_long_curves_are_thinned_and_keep_their_last_epoch():
    found = growing(5000, folds=10).curves()
    fold = found["folds"][7]
    assert (fold["fold"], fold["epochs"]) == (7, 5000)
    assert len(fold["loss"]) == len(range(0, 4999, fold["step"])) + 1
    assert fold["loss"][-1] == 0.0002
    assert sum(len(fold["loss"]) for fold in found["folds"]) <= 1.1 * MOST_NUMBERS
    assert len(json.dumps(found)) < 40_000


def test_the_curves_of_the_trial_before_stay_until_the_next_one_has_some():
    progress = growing(3)
    progress.trial_starts(5)
    assert progress.curves()["trial"] == 4
    progress.curves_grow(4, 0, {"loss": [0.5, 0.4]}, 1.0)  # it still trains, beside the next one
    assert progress.curves()["trial"] == 4
    progress.curves_grow(5, 0, {"loss": [0.5]}, 1.0)
    assert progress.curves()["trial"] == 5
    assert [fold["epochs"] for fold in progress.curves()["folds"]] == [1]
    progress.stage_starts("refit")
    assert (progress.trial, progress.curves()) == (None, None)


def test_curves_may_grow_while_they_are_read():
    progress, curves, over = Progress(), {"loss": []}, threading.Event()
    progress.trial_starts(0)

    def grow():
        while not over.is_set():
            curves["loss"].append(1.0)
            curves.setdefault(f"loss{len(curves['loss']) % 7}", []).append(1.0)
            progress.curves_grow(0, 0, curves, 1.0)

    thread = threading.Thread(target=grow)
    thread.start()
    try:
        for _ in range(300):
            found = progress.curves()
            assert found is None or all(len(fold["loss"]) <= fold["epochs"] for fold in found["folds"])
            curves["loss"] = curves["loss"][-50:]
    finally:
        over.set()
        thread.join()


def test_the_time_left_runs_down():
    progress = Progress()
    assert math.isnan(progress.seconds_left)
    progress.expects(50.0)
    assert 49 < progress.seconds_left <= 50
    progress.expects(-1.0)
    assert progress.seconds_left == 0
    progress.expects(None)
    assert math.isnan(progress.seconds_left)

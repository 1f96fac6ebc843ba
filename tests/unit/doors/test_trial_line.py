import pytest

from foldwise.config.option_names import Readable
from foldwise.config.template import split
from foldwise.doors.trial_line import Change, changes, short_names, status_line, trial_line
from foldwise.trial.result import FoldScore, TrialResult

FOLDS = tuple(FoldScore(fold, 0.9, {}, {}, 3, 0.1) for fold in range(5))
RESULT = TrialResult(12, {}, "COMPLETE", FOLDS, 0.93333, 0.0211, seconds=3.44)
CHANGED = [
    Change("model.units", "units", "16"),
    Change("model.dropout", "dropout", "0.0207"),
    Change("fit.optimizer.learning_rate", "learning_rate", "0.003"),
]


@pytest.mark.parametrize(
    ("names", "short"),
    [
        (["model.units", "fit.epochs"], ["units", "epochs"]),
        (["model.units", "augment.units"], ["model.units", "augment.units"]),
        (["units", "model.units"], ["units", "model.units"]),
        (["a.x.rate", "b.x.rate", "b.y.rate"], ["a.x.rate", "b.x.rate", "y.rate"]),
        (
            ["model[3 layers].dropout", "model[momentum=0.9].dropout"],
            ["model[3 layers].dropout", "model[momentum=0.9].dropout"],
        ),
        (["fit.optimizer[momentum=0.9].learning_rate"], ["learning_rate"]),
        ([], []),
    ],
)
def test_names_are_as_short_as_they_are_clear(names, short):
    assert short_names(names) == dict(zip(names, short, strict=True))


def test_only_what_differs_is_named():
    _, space = split({"units": ["int", 4, 16], "rate": ["float", 0.001, 0.1], "bias": ["choice", True, False]})
    readable = Readable(space)
    base = {"units": 8, "rate": 0.01, "bias": True}
    assert changes({"units": 8, "rate": 0.01, "bias": True}, base, readable, {}) == []
    found = changes({"units": 9, "rate": 0.01, "bias": False}, base, readable, {"units": "u"})
    assert found == [Change("units", "u", "9"), Change("bias", "bias", "false")]
    assert changes({"units": 8, "other": 1}, base, readable, {}) == [Change("other", "other", "1")]


def test_a_wide_line_has_full_names_and_a_narrow_one_short_ones_and_a_count_of_the_rest():
    wide = trial_line(RESULT, 5, False, CHANGED, "", 120)
    assert wide == "  12   0.9333 ± 0.0211    3.4 s  model.units=16 model.dropout=0.0207 fit.optimizer.learning_rate=0.003"
    assert (
        trial_line(RESULT, 5, True, CHANGED, "", 80)
        == "  12 * 0.9333 ± 0.0211    3.4 s  units=16 dropout=0.0207 learning_rate=0.003"
    )
    assert trial_line(RESULT, 5, False, CHANGED, "", 60).endswith("  units=16 dropout=0.0207 +1")
    assert trial_line(RESULT, 5, False, CHANGED, "", 46).endswith("  units=16 +2")


@pytest.mark.parametrize("width", [20, 40, 60, 80, 200])
def test_no_line_is_longer_than_the_terminal(width):
    failed = TrialResult(3, {}, "FAILED", reason="nan: loss is not finite in epoch 3 of fold 2\nand more" * 9, seconds=1.0)
    many = [Change(f"model.part{place}", f"part{place}", "0.12345") for place in range(40)]
    for line in (trial_line(RESULT, 5, False, many, "", width), trial_line(failed, 5, False, [], "", width)):
        assert "\n" not in line
        assert len(line) <= max(width, 34)
    assert len(status_line(3, 40, RESULT, 3600.0, "fold 2 of 5, epoch 31 of 100", width)) <= width


def test_a_failed_trial_says_why_and_a_reused_one_whose_result_it_has():
    failed = TrialResult(3, {}, "FAILED", reason="nan: loss is not finite", seconds=1.0)
    assert trial_line(failed, 5, False, [], "", 80) == "   3   failed: nan: loss is not finite  1.0 s"
    reused = TrialResult(4, {}, "COMPLETE", FOLDS[:1], 0.9, 0.0, reused=2, lost_at="epoch 3")
    assert trial_line(reused, 1, False, [], "as the best so far", 80).split("  ")[-1] == "lost its race, as the best so far"
    assert "as 2" in trial_line(reused, 1, False, [], "", 80)


def test_the_line_of_state_has_what_is_known():
    assert status_line(0, 40, None, None, "", 80) == "trial 1 of 40"
    whole = status_line(4, 40, RESULT, 125.0, "epoch 31 of 100", 80)
    assert whole == "trial 5 of 40 · best 0.9333 (trial 12) · 2 min left · epoch 31 of 100"
    assert status_line(40, 40, RESULT, None, "", 80).startswith("40 of 40 trials")

from foldwise.config.template import split
from foldwise.trial.result import TrialResult
from foldwise.tuning.grid_tuner import GridTuner, place, point

SPACE = split(
    {
        "rate": ["float", 0.0, 0.5, {"step": 0.1}],
        "units": ["int", 4, 12, {"step": 4}],
        "mixed": ["choice", True, 1, 1.0],
        "model": [
            "choice",
            {"kind": "a", "depth": ["int", 1, 2], "x": ["float", 0.5, 0.5]},
            "b",
            {"kind": "c", "n": ["int", 1, 3]},
        ],
    }
)[1]


def test_places_and_points_are_each_other_s_inverse():
    points = [point(SPACE, index) for index in range(SPACE.count())]
    assert SPACE.count() == 6 * 3 * 3 * (2 + 1 + 3)
    assert [place(SPACE, params) for params in points] == list(range(SPACE.count()))
    assert all(SPACE.holds(params) for params in points)
    assert len({str(params) for params in points}) == SPACE.count()


def test_the_last_step_of_a_decimal_range_is_its_end():
    assert max(point(SPACE, index)["rate"] for index in range(6)) == 0.5


def test_a_failed_trial_is_not_asked_for_again():
    tuner = GridTuner(split({"n": ["int", 1, 2]})[1], 0)
    first = tuner.ask(0)
    tuner.tell(TrialResult(0, first, "FAILED", reason="nan"))
    second = tuner.ask(1)
    assert {first["n"], second["n"]} == {1, 2}
    assert tuner.ask(2, [second]) is None


def test_the_order_is_spread_over_the_space():
    wide = split({"n": ["int", 1, 10_000]})[1]
    tuner = GridTuner(wide, 3)
    for number in range(40):
        tuner.tell(TrialResult(number, tuner.ask(number), "COMPLETE", mean=0.0))
    asked = [tuner.ask(number)["n"] for number in range(40, 60)]
    assert min(asked) < 2_500
    assert max(asked) > 7_500

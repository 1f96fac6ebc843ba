from foldwise.config.template import split
from foldwise.trial.result import TrialResult
from foldwise.tuning.random_tuner import RandomTuner

SPACE = split({"x": ["float", 0.0, 1.0], "n": ["int", 1, 4]})[1]


def test_a_draw_depends_on_seed_and_number_alone():
    told = RandomTuner(SPACE, 7)
    told.tell(TrialResult(0, told.ask(0), "COMPLETE", mean=1.0))
    assert told.ask(5, [{"x": 0.5, "n": 2}]) == RandomTuner(SPACE, 7).ask(5)


def test_draws_cover_the_range_evenly():
    tuner = RandomTuner(SPACE, 1)
    draws = [tuner.ask(n) for n in range(400)]
    assert 0.45 < sum(d["x"] for d in draws) / 400 < 0.55
    assert all(70 < sum(d["n"] == k for d in draws) < 130 for k in (1, 2, 3, 4))

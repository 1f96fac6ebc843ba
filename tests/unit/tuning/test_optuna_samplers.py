import math

import pytest
from optuna.samplers._tpe import _truncnorm
from scipy.stats import qmc

from foldwise.config.template import split
from foldwise.seeds import Purpose, derive
from foldwise.spec.goal import Goal
from foldwise.spec.tuner import CmaesTuner, Nsga2Tuner, QmcTuner, TpeTuner
from foldwise.trial.result import FoldScore, TrialResult
from foldwise.tuning.optuna_tuner import OptunaTuner

GOAL = Goal("rmse", "minimize")
PLANE = split({"x": ["float", 0.0, 1.0], "y": ["float", 0.0, 1.0]})[1]
NESTED = split({"shift": ["float", 0.0, 1.0], "model": ["choice", {"kind": "a", "depth": ["float", 0.0, 1.0]}, "b"]})[1]


def _told(tuner, points, score, first=0):
    for number, params in enumerate(points, first):
        tuner.tell(TrialResult(number, params, "COMPLETE", mean=score(params)))
    return tuner


def _grid_of_points(space, count):
    shares = [0.37 * place % 1 for place in range(count)]
    return [{"x": share, "y": 7 * share % 1} for share in shares]


@pytest.mark.parametrize(("sequence", "make"), [("sobol", qmc.Sobol), ("halton", qmc.Halton)])
def test_a_trial_has_the_point_of_the_sequence_with_its_number(sequence, make):
    tuner = OptunaTuner(PLANE, [GOAL], 5, QmcTuner(kind="qmc", sequence=sequence))
    theirs = make(2, seed=derive(Purpose.TUNER, 5), scramble=True).random(16)
    for number in (3, 0, 15):
        assert list(tuner.ask(number).values()) == pytest.approx(theirs[number].tolist())


def test_an_unscrambled_sequence_is_the_same_for_all_seeds():
    one, other = (OptunaTuner(PLANE, [GOAL], seed, QmcTuner(kind="qmc", scramble=False)) for seed in (1, 2))
    assert [one.ask(n) for n in range(4)] == [other.ask(n) for n in range(4)]
    assert one.ask(1) == {"x": 0.5, "y": 0.5}


def test_a_sequence_also_covers_options_and_the_ranges_inside_them():
    tuner = OptunaTuner(NESTED, [GOAL], 3, QmcTuner(kind="qmc"))
    points = [tuner.ask(number) for number in range(64)]
    assert sum(params["model"] == "a" for params in points) == 32
    depths = sorted(params["model.a.depth"] for params in points if params["model"] == "a")
    assert max(b - a for a, b in zip([0.0, *depths], [*depths, 1.0], strict=True)) < 0.12


def test_cmaes_moves_only_after_each_full_generation():
    def score(params):
        return math.hypot(params["x"] - 0.9, params["y"] - 0.1)

    tuner = OptunaTuner(PLANE, [GOAL], 1, CmaesTuner(kind="cmaes", population=6))
    asked, middles = [], []
    for number in range(61):
        sample = [tuner.ask(later) for later in range(100, 150)] if number in (12, 17, 18, 60) else []
        middles += [score({name: sum(params[name] for params in sample) / 50 for name in ("x", "y")})] if sample else []
        asked.append(tuner.ask(number))
        _told(tuner, asked[-1:], score, number)
    assert middles[0] == middles[1] != middles[2]
    assert middles[3] < 0.05 < score({"x": 0.5, "y": 0.5})


def test_children_of_nsga2_come_from_the_better_half_of_two_generations():
    spec = Nsga2Tuner(kind="nsga2", population=4, crossover=1.0, mutation=0.0)
    points = _grid_of_points(PLANE, 8)
    tuner = _told(OptunaTuner(PLANE, [GOAL], 1, spec), points, lambda params: params["x"])
    best = sorted(points, key=lambda params: params["x"])[:4]
    for number in range(8, 40):
        child = tuner.ask(number)
        assert child["x"] in {params["x"] for params in best}
        assert child["y"] in {params["y"] for params in best}


@pytest.mark.parametrize("spec", [CmaesTuner(kind="cmaes"), Nsga2Tuner(kind="nsga2", population=8)], ids=["cmaes", "nsga2"])
def test_ranges_that_are_not_drawn_together_are_learnt_too(spec):
    """For a range inside an option, which Optuna itself would draw at random."""
    tuner = OptunaTuner(NESTED, [GOAL], 1, spec)
    depths = []
    for number in range(80):
        params = tuner.ask(number)
        depth = params.get("model.a.depth")
        tuner.tell(TrialResult(number, params, "COMPLETE", mean=2.0 if depth is None else abs(depth - 0.8)))
        depths.append(depth)
    late = [abs(depth - 0.8) for depth in depths[40:] if depth is not None]
    assert len(late) > 10
    assert sum(late) / len(late) < 0.2  # at random 0.34


@pytest.mark.parametrize("spec", [CmaesTuner(kind="cmaes", population=4), Nsga2Tuner(kind="nsga2", population=4)])
def test_a_stopped_trial_counts_with_the_score_that_its_folds_suggest(spec):
    """Fold 0 is easier by 0.5: a trial that was stopped there with 0.3 counts as 0.8, behind the others."""

    def tuner(score):
        told = OptunaTuner(PLANE, [GOAL], 1, spec)
        for number, params in enumerate(_grid_of_points(PLANE, 3)):
            folds = (FoldScore(0, 0.1, {}, {}, 1, 0.1), FoldScore(1, 1.1, {}, {}, 1, 0.1))
            told.tell(TrialResult(number, params, "COMPLETE", folds, mean=0.6))
        stopped = (FoldScore(0, score, {}, {}, 1, 0.1),)
        told.tell(TrialResult(3, {"x": 0.9, "y": 0.9}, "STOPPED", stopped))
        return told

    complete = tuner(0.3)
    complete.tell(TrialResult(3, {"x": 0.9, "y": 0.9}, "COMPLETE", mean=0.8))
    assert [tuner(0.3).ask(n) for n in range(4, 9)] == [complete.ask(n) for n in range(4, 9)]
    assert [tuner(0.3).ask(n) for n in range(4, 24)] != [tuner(-0.6).ask(n) for n in range(4, 24)]


def test_asks_of_a_generation_share_the_logarithms_that_optuna_would_compute_anew():
    whole = split({"units": ["int", 1, 300], "depth": ["int", 1, 40]})[1]
    points = [{"units": 1 + 37 * place % 300, "depth": 1 + 7 * place % 40} for place in range(200)]
    tuner = _told(OptunaTuner(whole, [GOAL], 0, TpeTuner(kind="tpe")), points, lambda params: params["units"])
    first = tuner.ask(200)
    before = _truncnorm._log_ndtr_single.cache_info()
    tuner.ask(201, [first])
    after = _truncnorm._log_ndtr_single.cache_info()
    assert after.hits - before.hits > 3 * (after.misses - before.misses) > 0

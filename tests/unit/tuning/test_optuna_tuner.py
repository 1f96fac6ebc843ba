import math

import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.samplers import TPESampler
from optuna.trial import TrialState, create_trial

from foldwise.config.template import split
from foldwise.seeds import Purpose, derive
from foldwise.spec.goal import Goal
from foldwise.spec.space import Choice, FloatRange
from foldwise.spec.tuner import GpTuner, Nsga2Tuner, TpeTuner
from foldwise.trial.result import FoldScore, TrialResult, values_of
from foldwise.tuning.optuna_sample import MOST
from foldwise.tuning.optuna_tuner import OptunaTuner, to_optuna

SPACE = split({"x": ["float", -5.0, 5.0], "y": ["float", -5.0, 5.0]})[1]
FLAT = split(
    {
        "word": ["choice", "relu", "tanh", "gelu"],
        "rate": ["float", 1e-4, 1e-1, {"log": True}],
        "fixed": ["int", 3, 3],
        "dropout": ["float", 0.0, 0.5, {"step": 0.1}],
        "units": ["int", 1, 64, {"log": True}],
    }
)[1]
TREE = split(
    {
        "model": [
            "choice",
            {"kind": "small", "units": ["int", 1, 8]},
            {"kind": "large", "units": ["int", 100, 200], "head": ["choice", {"kind": "a", "x": ["float", 0.0, 1.0]}, "b"]},
        ],
        "shift": ["float", -1.0, 1.0],
    }
)[1]
SPACES = pytest.mark.parametrize("space", [FLAT, TREE], ids=["flat", "conditional"])
GOAL = Goal("rmse", "minimize")
SEED, STARTUP = 4, 6


def _search(direction, sign):
    tuner = OptunaTuner(SPACE, [Goal("m", direction)], 2, TpeTuner(kind="tpe", startup=8))
    scores = []
    for number in range(40):
        params = tuner.ask(number)
        scores.append(sign * ((params["x"] - 1) ** 2 + (params["y"] + 2) ** 2))
        tuner.tell(TrialResult(number, params, "COMPLETE", mean=scores[-1]))
    return scores


@pytest.mark.parametrize(("direction", "sign"), [("minimize", 1), ("maximize", -1)])
def test_it_learns_in_the_goal_s_direction(direction, sign):
    scores = [abs(s) for s in _search(direction, sign)]
    assert min(scores[8:]) < 0.5
    assert sum(scores[30:]) < sum(scores[:10]) / 2


def test_it_keeps_away_from_running_trials():
    line = split({"x": ["float", 0.0, 1.0]})[1]
    tuner = OptunaTuner(line, [Goal("m", "minimize")], 0, TpeTuner(kind="tpe", startup=3))
    for number in range(10):
        params = tuner.ask(number)
        tuner.tell(TrialResult(number, params, "COMPLETE", mean=abs(params["x"] - 0.5)))
    alone = tuner.ask(10)
    assert tuner.ask(10, [alone] * 5) != alone


def test_a_score_that_is_not_finite_teaches_nothing():
    calm = OptunaTuner(SPACE, [Goal("m", "minimize")], 0, TpeTuner(kind="tpe", startup=1))
    calm.tell(TrialResult(0, {"x": 0.0, "y": 0.0}, "COMPLETE", mean=1.0))
    before = calm.ask(5)
    calm.tell(TrialResult(1, {"x": 1.0, "y": 0.0}, "COMPLETE", mean=math.inf))
    calm.tell(TrialResult(2, {"x": 1.0, "y": 0.0}, "FAILED", reason="nan"))
    assert calm.ask(5) == before


def test_optuna_s_plots_get_a_study_with_states_values_and_folds():
    fold = FoldScore(0, 0.7, {}, {"loss": (0.5,) * 20}, 1, 0.1)
    results = [
        TrialResult(0, {"x": 1.0, "y": 2.0}, "COMPLETE", (fold,), 0.7, 0.0),
        TrialResult(1, {"x": 1.5, "y": 2.0}, "FAILED", reason="nan"),
        TrialResult(2, {"x": 0.5, "y": 2.0}, "STOPPED", (fold,)),
    ]
    study = to_optuna(SPACE, Goal("accuracy", "maximize"), results)
    assert [t.state.name for t in study.trials] == ["COMPLETE", "FAIL", "PRUNED"]
    assert study.best_value == 0.7
    assert study.direction == optuna.study.StudyDirection.MAXIMIZE
    assert study.trials[0].params == {"x": 1.0, "y": 2.0}
    assert study.trials[0].intermediate_values == study.trials[2].intermediate_values == {20: 0.7}


def test_a_stopped_trial_is_pruned_with_the_means_of_the_folds_so_far():
    scores = ((2, 0.9, 30), (0, 0.5, 20), (1, 0.7, 10))
    folds = tuple(FoldScore(fold, score, {}, {"loss": (0.5,) * epochs}, 1, 0.1) for fold, score, epochs in scores)
    study = to_optuna(SPACE, Goal("accuracy", "maximize"), [TrialResult(0, {"x": 0.5, "y": 2.0}, "STOPPED", folds)])
    assert study.trials[0].intermediate_values == pytest.approx({20: 0.5, 30: 0.6, 60: 0.7})


def test_tpe_prefers_trials_that_were_stopped_later():
    """All folds in step: one trial was stopped after 5 epochs, the other after 40 with a lower score."""

    def stopped(number, x, score, epochs):
        folds = tuple(FoldScore(fold, score, {}, {"loss": (0.5,) * epochs}, 1, 0.1) for fold in range(3))
        return TrialResult(number, {"x": x, "y": 0.0}, "STOPPED", folds)

    _, line = split({"x": ["float", 0.0, 2.0], "y": ["float", 0.0, 5.0]})
    tuner = OptunaTuner(line, [Goal("m", "maximize")], 0, TpeTuner(kind="tpe", startup=2))
    for number in range(20):
        tuner.tell(stopped(number, 0.2, 0.8, 5) if number % 10 else stopped(number, 1.8, 0.7, 40))
    asked = [tuner.ask(number)["x"] for number in range(20, 60)]
    assert sum(x > 1 for x in asked) > 30


# Near x = 0 the score is best, near x = 1 the cost; y has no influence.
FRONT = split({"x": ["float", 0.0, 1.0], "y": ["float", 0.0, 1.0]})[1]
GOALS = (Goal("accuracy", "maximize"), Goal("parameters", "minimize"))


def _weighed(spec, trials=60):
    tuner = OptunaTuner(FRONT, GOALS, 1, spec, lambda result: values_of(result, GOALS))
    results = []
    for number in range(trials):
        params = tuner.ask(number)
        score, cost = 1 - params["x"] ** 2 - params["y"], (1 - params["x"]) ** 2 + params["y"]
        state = "FAILED" if number % 9 == 5 else "STOPPED" if number % 9 == 7 else "COMPLETE"
        fold = FoldScore(0, score, {}, {}, 1, 0.1)
        costs = {"parameters": cost}
        results.append(TrialResult(number, params, state, (fold,), score if state == "COMPLETE" else math.nan, costs=costs))
        tuner.tell(results[-1])
    return results


@pytest.mark.parametrize("spec", [Nsga2Tuner(kind="nsga2", population=8), TpeTuner(kind="tpe")], ids=["nsga2", "tpe"])
def test_two_goals_are_searched_along_their_front(spec):
    late = [result.params for result in _weighed(spec)[30:]]
    assert sum(params["y"] for params in late) / len(late) < 0.3
    assert min(params["x"] for params in late) < 0.25
    assert max(params["x"] for params in late) > 0.75


@pytest.mark.slow
def test_two_goals_of_a_gaussian_process():
    pytest.importorskip("torch", reason="needs the extra gp")
    late = [result.params for result in _weighed(GpTuner(kind="gp", startup=8), 20)[12:]]
    assert sum(params["y"] for params in late) / len(late) < 0.3


@pytest.mark.parametrize(("high", "step"), [(1.0, 0.333333333333), (0.3, 0.1), (1.0, 0.33333333333333331)])
def test_steps_that_miss_the_end_by_rounding_are_accepted(high, step):
    space = split({"x": ["float", 0.0, high, {"step": step}]})[1]
    tuner = OptunaTuner(space, [GOAL], 1, TpeTuner(kind="tpe", startup=2))
    for number in range(8):
        params = tuner.ask(number) if number else {"x": high}
        assert space.holds(params)
        tuner.tell(TrialResult(number, params, "COMPLETE", mean=-params["x"]))


@SPACES
def test_it_proposes_what_optuna_proposes_for_a_study_with_the_same_trials(space):
    tuner, results = _tuner(space), []
    for number in range(40):
        params = tuner.ask(number)
        assert params == _asked_of_optuna(space, results, number)
        results.append(_result(number, params))
        tuner.tell(results[-1])


@SPACES
def test_pending_trials_count_as_they_do_in_optuna(space):
    results = _search_space(space, 25)
    tuner = _tuner(space, results)
    for running in ([0], [3, 9, 1], list(range(8))):
        pending = [results[number].params for number in running]
        assert tuner.ask(25, pending) == _asked_of_optuna(space, results, 25, running)


@SPACES
def test_asking_leaves_nothing_behind(space):
    results = _search_space(space, 25)
    tuner = _tuner(space, results)
    fresh = tuner.ask(25)
    with_pending = tuner.ask(25, [results[0].params, fresh])
    tuner.ask(31)
    assert tuner.ask(25) == fresh
    assert tuner.ask(25, [results[0].params, fresh]) == with_pending
    assert _tuner(space, results).ask(25, [results[0].params, fresh]) == with_pending


@SPACES
def test_results_told_between_asks_and_out_of_order_count_by_number(space):
    results = _search_space(space, 30)
    tuner = _tuner(space, results[:10])
    for number in (14, 11, 10, 29, 12):
        tuner.tell(results[number])
        tuner.ask(13)
    told = [*results[:13], results[14], results[29]]
    assert tuner.ask(13) == _tuner(space, told).ask(13) == _asked_of_optuna(space, told, 13)


def test_the_later_result_of_a_trial_counts():
    results = _search_space(FLAT, 20)
    tuner = _tuner(FLAT, [TrialResult(4, results[4].params, "FAILED", reason="nan"), *results])
    assert tuner.ask(20) == _tuner(FLAT, results).ask(20)


def _tuner(space, results=()):
    tuner = OptunaTuner(space, [GOAL], SEED, TpeTuner(kind="tpe", startup=STARTUP))
    for result in results:
        tuner.tell(result)
    return tuner


def _search_space(space, trials):
    tuner, results = _tuner(space), []
    for number in range(trials):
        results.append(_result(number, tuner.ask(number)))
        tuner.tell(results[-1])
    return results


def _result(number, params):
    """Every seventh trial fails, every fifth is stopped after a fold, scores repeat."""
    fold = FoldScore(0, float(number % 3), {}, {}, 1, 0.1)
    if number % 7 == 3:
        return TrialResult(number, params, "FAILED", reason="nan: made so")
    if number % 5 == 4:
        return TrialResult(number, params, "STOPPED", (fold,), reason="race: made so")
    last = [value for value in params.values() if isinstance(value, (int, float))][-1]
    return TrialResult(number, params, "COMPLETE", (fold,), mean=round(abs(last - 0.3), 1), sd=0.0)


def _asked_of_optuna(space, results, number, running=()):
    """The same with Optuna alone: a new study to which every trial is added, and a new sampler."""
    study = to_optuna(space, GOAL, results)
    for place in running:
        told = study.trials[place]
        study.add_trial(create_trial(state=TrialState.RUNNING, params=told.params, distributions=told.distributions))
    seed = derive(Purpose.TUNER, SEED, number)
    study.sampler = TPESampler(n_startup_trials=STARTUP, seed=seed, multivariate=True, group=space is TREE)
    trial = study.ask()

    def suggest(name, range_):
        if isinstance(range_, Choice):
            return trial.suggest_categorical(name, range_.names())
        ask = trial.suggest_float if isinstance(range_, FloatRange) else trial.suggest_int
        return ask(name, range_.low, range_.high, log=range_.log, step=range_.step)

    return space.sample(suggest)


def _long(count):
    return [
        TrialResult(n, {"x": math.sin(n) * 5, "y": math.cos(n * n) * 5}, "COMPLETE", mean=(n * 37) % 101) for n in range(count)
    ]


def _told(results):
    tuner = OptunaTuner(SPACE, [GOAL], SEED, TpeTuner(kind="tpe"))
    for result in results:
        tuner.tell(result)
    return tuner


def test_up_to_the_bound_tpe_asks_as_optuna_does_and_beyond_it_for_the_same_in_any_order():
    short, long = _long(MOST), _long(MOST + 200)
    study = optuna.create_study(
        sampler=TPESampler(seed=derive(Purpose.TUNER, SEED, MOST), multivariate=True, constant_liar=True)
    )
    for result in short:
        ranges = {name: FloatDistribution(-5.0, 5.0) for name in ("x", "y")}
        study.add_trial(create_trial(value=result.mean, params=result.params, distributions=ranges))
    asked = study.ask()
    assert _told(short).ask(MOST) == {name: asked.suggest_float(name, -5.0, 5.0) for name in ("x", "y")}
    assert _told(long).ask(700) == _told(reversed(long)).ask(700)

"""Compared with KerasTuner's oracles as KerasTuner runs them."""

import math

import pytest

from foldwise.config.template import split
from foldwise.spec.goal import Goal
from foldwise.spec.space import EPOCHS
from foldwise.spec.tuner import KtBayesianTuner, KtGridTuner, KtHyperbandTuner, KtRandomTuner
from foldwise.trial.result import FoldScore, TrialResult

pytestmark = [
    pytest.mark.slow,  # KerasTuner imports TensorFlow
    pytest.mark.filterwarnings("ignore:currentThread:DeprecationWarning"),  # from KerasTuner when it runs the search
    pytest.mark.filterwarnings("ignore:getName:DeprecationWarning"),
]

GOAL = Goal("accuracy", "maximize")
LINE = split({"x": ["float", 0.0, 1.0]})[1]
TREE = split(
    {
        "model": ["choice", {"kind": "a", "n": ["int", 1, 3, {"default": 2}]}, {"kind": "b", "x": ["float", 0.0, 1.0]}],
        "every": ["int", 5, 15, {"step": 5}],
    }
)[1]


def tuner_of(space, spec, epochs=1, seed=1, goal=GOAL):
    from foldwise.tuning.keras_tuner_tuner import KerasTunerTuner

    return KerasTunerTuner(space, goal, seed, spec, epochs)


def run(tuner, score, most=500):
    """Trials one after the other until there are no more."""
    asked = []
    while len(asked) < most and (params := tuner.ask(len(asked))) is not None:
        tuner.tell(TrialResult(len(asked), params, "COMPLETE", mean=score(params)))
        asked.append(params)
    return asked


def run_theirs(oracle, folder, score, most=500):
    """The same search run by KerasTuner, which creates and ends trials and keeps files."""
    oracle.verbose = 0
    oracle._set_project_dir(str(folder), "theirs")
    asked = []
    while len(asked) < most and (trial := oracle.create_trial("one")).status != "STOPPED":
        asked.append(dict(trial.hyperparameters.values))
        oracle.update_trial(trial.trial_id, {"score": score(trial.hyperparameters.values)})
        trial.status = "COMPLETED"
        oracle.end_trial(trial)
    return asked


def test_the_grid_is_walked_as_keras_tuner_walks_it(tmp_path):
    from keras_tuner import Objective, oracles

    from foldwise.tuning.keras_tuner_space import hyperparameters, params_of

    oracle = oracles.GridSearchOracle(objective=Objective("score", "max"), hyperparameters=hyperparameters(TREE), seed=7)
    theirs = [params_of(TREE, values) for values in run_theirs(oracle, tmp_path, lambda values: 0.0)]
    ours = run(tuner_of(TREE, KtGridTuner(kind="kt_grid")), lambda params: 0.0)
    assert ours == theirs
    assert ours[0] == TREE.defaults()
    assert len(ours) == 3 * 3 + 3 * 11  # ten values of x, and its default


@pytest.mark.parametrize(("epochs", "factor", "iterations"), [(9, 3, 1), (10, 2, 1), (5, 3, 2), (1, 3, 1)])
def test_the_schedule_is_keras_tuner_s(tmp_path, epochs, factor, iterations):
    from keras_tuner import Objective, oracles

    from foldwise.tuning.keras_tuner_space import hyperparameters

    spec = KtHyperbandTuner(kind="kt_hyperband", factor=factor, iterations=iterations)
    oracle = oracles.HyperbandOracle(
        objective=Objective("score", "max"),
        max_epochs=epochs,
        factor=factor,
        hyperband_iterations=iterations,
        hyperparameters=hyperparameters(LINE),
        seed=7,
    )
    theirs = run_theirs(oracle, tmp_path, lambda values: values["x"])
    ours = run(tuner_of(LINE, spec, epochs), lambda params: params["x"])
    assert [params[EPOCHS] for params in ours] == [values["tuner/epochs"] for values in theirs]
    assert max(params[EPOCHS] for params in ours) == epochs


def test_the_best_of_a_round_go_on_with_more_epochs():
    asked = run(tuner_of(LINE, KtHyperbandTuner(kind="kt_hyperband"), 9), lambda params: params["x"])
    first = [params["x"] for params in asked if params[EPOCHS] == 1]
    second = [params["x"] for params in asked[len(first) :] if params[EPOCHS] == 3]
    assert second[: len(first) // 3] == sorted(first, reverse=True)[: len(first) // 3]


def test_hyperband_waits_for_a_round_and_goes_on_when_it_has_ended():
    tuner = tuner_of(split({"n": ["int", 1, 500]})[1], KtHyperbandTuner(kind="kt_hyperband"), 9)
    running = []
    while (params := tuner.ask(len(running), running)) is not None:
        running.append(params)
    assert len({params["n"] for params in running}) == len(running)  # first rounds of all brackets, nothing promoted yet
    for number, params in enumerate(running[:-1]):
        tuner.tell(TrialResult(number, params, "COMPLETE", mean=params["n"]))
    following = tuner.ask(len(running), running[-1:])
    assert following["n"] in {params["n"] for params in running}
    assert following[EPOCHS] > 1


def test_trials_of_the_defaults_are_outside_the_schedule():
    plain = tuner_of(LINE, KtHyperbandTuner(kind="kt_hyperband"), 9)
    after = tuner_of(LINE, KtHyperbandTuner(kind="kt_hyperband"), 9)
    after.tell(TrialResult(0, LINE.defaults(), "COMPLETE", mean=1.0))
    assert after.ask(1) == plain.ask(1)


def test_failed_trials_are_not_promoted_and_stopped_ones_by_their_folds():
    tuner = tuner_of(LINE, KtHyperbandTuner(kind="kt_hyperband"), 9)
    asked = []
    for number in range(9):
        asked.append(tuner.ask(number))
        fold = FoldScore(0, 0.9 - number / 10, {}, {}, 1, 0.1)
        state = ("FAILED", "STOPPED", "COMPLETE")[min(number, 2)]
        tuner.tell(TrialResult(number, asked[-1], state, (fold,), mean=fold.score if number > 1 else math.nan))
    assert {params[EPOCHS] for params in asked} == {1}
    assert tuner.ask(9) == {**asked[1], EPOCHS: 3}


def test_the_goal_s_direction_counts():
    for goal in (Goal("rmse", "minimize"), GOAL):
        best = max if goal.direction == "maximize" else min
        spec = KtHyperbandTuner(kind="kt_hyperband")
        asked = run(tuner_of(LINE, spec, 3, goal=goal), lambda params: params["x"])
        first = [params["x"] for params in asked if params[EPOCHS] == 1]
        assert asked[len(first)]["x"] == best(first)


def test_random_search_draws_nothing_twice_and_ends():
    asked = run(tuner_of(split({"n": ["int", 1, 5]})[1], KtRandomTuner(kind="kt_random")), lambda params: 0.0)
    assert sorted(params["n"] for params in asked) == [1, 2, 3, 4, 5]


def test_the_gaussian_process_keeps_away_from_running_trials():
    spec = KtBayesianTuner(kind="kt_bayesian", startup=5)
    tuner = tuner_of(LINE, spec)
    for number, x in enumerate([0.0, 0.25, 0.5, 0.75, 1.0]):
        tuner.tell(TrialResult(number, {"x": x}, "COMPLETE", mean=100 - 100 * (x - 0.6) ** 2))
    alone = tuner.ask(5)["x"]
    beside = tuner.ask(5, [{"x": alone}])["x"]
    assert alone == pytest.approx(0.6, abs=0.1)
    assert abs(beside - alone) > 0.01


def test_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for spec in (KtRandomTuner(kind="kt_random"), KtGridTuner(kind="kt_grid"), KtHyperbandTuner(kind="kt_hyperband")):
        run(tuner_of(TREE, spec, 9), lambda params: 0.0, most=12)
    assert list(tmp_path.iterdir()) == []

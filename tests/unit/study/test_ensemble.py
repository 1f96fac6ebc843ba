"""From the out-of-fold predictions of a study to the ensemble that becomes its model, or to the reason why none does."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from foldwise.data.split import Split
from foldwise.evaluation import greedy_gain
from foldwise.spec.certify import EnsembleSpec
from foldwise.spec.goal import Goal
from foldwise.study.ensemble import choose_ensemble, rule_of
from foldwise.trial.result import TrialResult

ROWS = 200
SPLITS = tuple(Split(np.arange(0), part) for part in np.array_split(np.random.default_rng(1).permutation(ROWS), 4))
ORDER = np.concatenate([split.valid for split in SPLITS])


@pytest.fixture(autouse=True)
def few_draws(monkeypatch):
    monkeypatch.setattr(greedy_gain, "DRAWS", 40)


def plan_of(folder, target, labels=(), metric="rmse", direction="minimize", threshold=0.5, searched=(), **ensemble):
    """A plan with what the choice reads of one."""
    task = "binary" if labels else "regression"
    fixed = SimpleNamespace(ensemble=EnsembleSpec(**{"kind": "greedy", **ensemble}), seed=0)
    corner = SimpleNamespace(fit=SimpleNamespace(threshold=threshold))
    space = SimpleNamespace(walk=lambda: [(name, None) for name in searched])
    return SimpleNamespace(
        folder=folder,
        spec=SimpleNamespace(fixed=fixed, corners=(corner,), space=space),
        splits=SPLITS,
        table=SimpleNamespace(task=task, labels=labels, classes=(), target=target, groups=None),
        goal=Goal(metric, direction),
    )


def trials_of(folder, predictions, **values):
    """Trials whose predictions lie in files, (rows in the order of the folds)."""
    (folder / "out_of_fold").mkdir()
    for number, own in enumerate(predictions):
        np.save(folder / "out_of_fold" / f"{number}.npy", np.asarray(own, dtype=np.float32))
    return [TrialResult(number, {"x": number}, "COMPLETE", mean=1.0, **values) for number in range(len(predictions))]


def numbers(seed, own, models=6):
    draw = np.random.default_rng(seed)
    target = draw.normal(size=ROWS)
    return target, [target[ORDER] + own * draw.normal(size=ROWS) for _ in range(models)]


def test_trials_with_independent_errors_become_the_model(tmp_path):
    target, predictions = numbers(0, 1.0)
    trials = trials_of(tmp_path, predictions)
    outcome, chosen = choose_ensemble(plan_of(tmp_path, target, most=3), trials[0], trials, None)
    assert outcome.shipped
    assert outcome.best == 0
    assert outcome.score < outcome.single - outcome.error
    assert len(outcome.members) == 3
    assert [one.number for one in chosen.trials] == [one.trial for one in outcome.members]
    assert [one.params for one in outcome.members] == [{"x": one.trial} for one in outcome.members]
    weights = [one.weight for one in outcome.members]
    assert weights == sorted(weights, reverse=True)
    mean = np.average([predictions[one.trial] for one in outcome.members], axis=0, weights=weights)
    np.testing.assert_allclose(chosen.predictions, mean, atol=1e-6)
    of_first = np.sqrt(np.mean((mean[:50] - target[ORDER][:50]) ** 2))
    assert chosen.folds[0] == pytest.approx(of_first, abs=1e-6)
    assert len(chosen.folds) == 4


def test_the_certificate_s_score_of_the_best_is_the_one_that_is_compared(tmp_path):
    target, predictions = numbers(0, 1.0)
    trials = trials_of(tmp_path, predictions)
    plan = plan_of(tmp_path, target)
    free, _ = choose_ensemble(plan, trials[2], trials, None)
    held, _ = choose_ensemble(plan, trials[2], trials, SimpleNamespace(trial=2, score=1.5))
    other, _ = choose_ensemble(plan, trials[2], trials, SimpleNamespace(trial=3, score=1.5))
    assert held.single == 1.5
    assert held.score - held.single == pytest.approx(free.score - free.single)
    assert other == free


def test_noise_beside_a_good_trial_does_not(tmp_path):
    target, (good, *_) = numbers(1, 0.3)
    noise = np.random.default_rng(5).normal(size=(5, ROWS))
    trials = trials_of(tmp_path, [good, *noise])
    outcome, chosen = choose_ensemble(plan_of(tmp_path, target), trials[0], trials, None)
    assert chosen is None
    assert not outcome.shipped
    assert outcome.members[0].trial == 0


def test_without_predictions_of_the_best_there_is_no_ensemble(tmp_path):
    target, predictions = numbers(0, 1.0)
    trials = trials_of(tmp_path, predictions)
    (tmp_path / "out_of_fold" / "0.npy").unlink()
    outcome, chosen = choose_ensemble(plan_of(tmp_path, target), trials[0], trials, None)
    assert (outcome.members, chosen) == ((), None)
    outcome, _ = choose_ensemble(plan_of(tmp_path, target), trials[1], trials, None)
    assert 0 not in [one.trial for one in outcome.members]


def test_a_repeated_or_stopped_trial_is_no_candidate(tmp_path):
    target, predictions = numbers(0, 1.0, models=2)
    first, second = trials_of(tmp_path, predictions)
    again = TrialResult(2, {}, "COMPLETE", mean=1.0, reused=0)
    stopped = TrialResult(1, {}, "STOPPED")
    outcome, _ = choose_ensemble(plan_of(tmp_path, target), again, [first, stopped, again], None)
    assert [one.trial for one in outcome.members] == [0]
    assert outcome.best == 2
    assert second.number == 1


def test_none_is_asked_for(tmp_path):
    assert choose_ensemble(plan_of(tmp_path, np.zeros(ROWS), kind="none"), None, [], None) == (None, None)


def test_a_threshold_is_tuned_on_the_mean_and_scored_by_the_other_folds(tmp_path):
    draw = np.random.default_rng(0)
    signal = draw.normal(size=ROWS)
    target = (signal + 0.5 * draw.normal(size=ROWS) > 0).astype(int)
    positive = [0.2 / (1 + np.exp(-2 * (signal[ORDER] + draw.normal(size=ROWS)))) for _ in range(8)]  # all below 0.5
    trials = trials_of(tmp_path, [np.column_stack([1 - one, one]) for one in positive])
    words = {"labels": ("no", "yes"), "metric": "accuracy", "direction": "maximize"}
    outcome, chosen = choose_ensemble(plan_of(tmp_path, target, threshold="auto", **words), trials[0], trials, None)
    assert outcome.shipped
    assert 0.05 < chosen.threshold < 0.15
    assert min(chosen.folds) > 0.7
    assert rule_of(plan_of(tmp_path, target, searched=["fit.threshold"], **words)).threshold == "auto"
    assert rule_of(plan_of(tmp_path, target, threshold=0.3, **words)).threshold == 0.3

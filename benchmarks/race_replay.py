"""A race replayed on fully trained trials: as benchmarks keep them, and as the race would have ended them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from pydantic import TypeAdapter

from foldwise.spec.goal import Goal
from foldwise.spec.race import RaceSpec
from foldwise.study.racing import race_for, race_outcome
from foldwise.trial.race import Race
from foldwise.trial.result import FoldScore, TrialResult

GOAL = Goal("accuracy", "maximize")  # of all three tables

Study = dict[str, Any]


def noted(result: TrialResult) -> dict[str, Any]:
    """A trial as the log keeps it."""
    by_fold = [{"score": fold.score, "epochs": len(fold.curves["loss"]), "rungs": dict(fold.rungs)} for fold in result.folds]
    return {
        "number": result.number,
        "state": result.state,
        "mean": result.mean,
        "sd": result.sd,
        "reason": result.reason,
        "lost_at": result.lost_at,
        "engine": result.engine,
        "work": sum(fold["epochs"] for fold in by_fold),
        "folds": len(by_fold),
        "by_fold": by_fold,
    }


def replayed(plain: Study, kind: str, engine: str | None = None) -> Study:
    """The raced twin of an unraced study of random search.

    Args:
        plain: the study, with its scores at rungs.
        kind: of the race.
        engine: `keras` races all trials fold by fold; None as they were trained.
    """
    spec, epochs = _race(kind), int(plain["epochs"])
    results: list[TrialResult] = []
    for trial in plain["trials"]:
        race = race_for(spec, GOAL, results, trial["number"], plain["seed"])
        assert race is not None
        raced = _fold_by_fold if (engine or trial["engine"]) == "keras" else _at_once
        results.append(raced(race, trial, race.rungs(epochs)))
    outcome = race_outcome(spec, GOAL, results, plain["trials"][0]["folds"], dict.fromkeys(range(len(results)), epochs))
    assert outcome is not None
    return {**plain, "kind": kind, "race": asdict(outcome), "trials": [noted(result) for result in results]}


def _at_once(race: Race, trial: dict[str, Any], rungs: Sequence[int]) -> TrialResult:
    """All folds in step."""
    lost = None
    for rung in rungs:
        if rung >= max(fold["epochs"] for fold in trial["by_fold"]):
            break
        lost = lost or race.lost({place: fold["rungs"][str(rung)] for place, fold in enumerate(trial["by_fold"])}, rung)
        if lost and not race.finish:
            return _stopped(trial, [_until(place, fold, rung) for place, fold in enumerate(trial["by_fold"])], lost)
    return _complete(trial, lost)


def _fold_by_fold(race: Race, trial: dict[str, Any], rungs: Sequence[int]) -> TrialResult:
    """One fold after the other."""
    lost: str | None = None
    done: list[FoldScore] = []
    for place, fold in enumerate(trial["by_fold"]):
        for rung in rungs:
            if rung >= fold["epochs"]:
                break
            lost = lost or race.lost({place: fold["rungs"][str(rung)]}, rung)
            if lost and not race.finish:
                return _stopped(trial, [*done, _until(place, fold, rung)], lost)
        done.append(_until(place, fold, None))
        lost = lost or race.lost({score.fold: score.score for score in done})
        if lost and not race.finish:
            return _stopped(trial, done, lost)
    return _complete(trial, lost)


def _until(place: int, fold: dict[str, Any], rung: int | None) -> FoldScore:
    """A fold up to a rung, or to its end."""
    rungs = {int(at): score for at, score in fold["rungs"].items() if rung is None or int(at) <= rung}
    epochs = fold["epochs"] if rung is None else min(rung, fold["epochs"])
    score = fold["score"] if rung is None else rungs[rung]
    return FoldScore(place, score, {}, {"loss": (0.0,) * epochs}, epochs, 0.0, rungs)


def _stopped(trial: dict[str, Any], folds: Sequence[FoldScore], lost: str) -> TrialResult:
    return TrialResult(trial["number"], {}, "STOPPED", tuple(folds), reason=lost, engine=trial["engine"])


def _complete(trial: dict[str, Any], lost: str | None) -> TrialResult:
    folds = tuple(_until(place, fold, None) for place, fold in enumerate(trial["by_fold"]))
    return TrialResult(
        trial["number"], {}, trial["state"], folds, trial["mean"], trial["sd"], engine=trial["engine"], lost_at=lost
    )


def _race(kind: str) -> RaceSpec:
    race: RaceSpec = TypeAdapter(RaceSpec).validate_python(kind)
    return race

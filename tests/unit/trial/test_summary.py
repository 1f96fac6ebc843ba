"""A study's summary and its provenance, in the JSON that other programs and older ledgers have."""

import json
import math
from dataclasses import replace

from foldwise.spec.goal import Goal
from foldwise.trial.provenance import Commit, Machine, Provenance
from foldwise.trial.race_outcome import RaceOutcome
from foldwise.trial.summary import (
    BaselineScore,
    Confusion,
    Features,
    HoldoutScore,
    RegisteredModel,
    StudySummary,
    UnfinishedBaseline,
)
from tests.contract.ledgers import OLDEST_SUMMARY, summary


def contains(row, part):
    """Whether a part is in a row with equal values, however deep."""
    if isinstance(part, dict):
        return all(key in row and contains(row[key], value) for key, value in part.items())
    if isinstance(part, list):
        return len(row) == len(part) and all(map(contains, row, part))
    return (type(row), row) == (type(part), part)


def test_the_oldest_summary_opens_and_keeps_its_values():
    found = StudySummary.from_json(OLDEST_SUMMARY)
    assert (found.ended, found.source, found.race, found.findings) == (None, None, None, ())
    assert found.best.params == {"model.units": 5, "flag": True, "none": None}
    assert contains(found.to_json(), OLDEST_SUMMARY)
    assert found.answer is None
    assert "answer" not in found.to_json()


def test_a_key_of_a_later_version_is_ignored():
    later = {**OLDEST_SUMMARY, "later": 1, "holdout": {**OLDEST_SUMMARY["holdout"], "later": 2}}
    assert StudySummary.from_json(later) == StudySummary.from_json(OLDEST_SUMMARY)


def test_every_part_survives_json_and_the_keys_keep_their_order():
    whole = summary(
        pareto=({"number": 2, "accuracy": 0.5, "parameters": 155.0},),
        race=RaceOutcome("both", 2, 1, 0, 0.0, (0.0, 0.8), 0.3),
        ended="exhausted",
        threshold=0.4,
        answer="no difference shown",
        baselines=(BaselineScore("majority", 0.6, math.inf, 0.6, 0.5), BaselineScore("mean", 0.6, 0.1, 0.6)),
        holdout=HoldoutScore(3, {"accuracy": -math.inf}, 2, Confusion(labels=("no", "yes"), counts=((1, 0), (0, 2)))),
        balance={"difference": 0.1, "balanced": {"number": 3, "kind": "smote"}},
        features=Features(2, ("a", "b"), {"a": 3}),
        findings=({"level": "leak", "columns": ["a"]},),
    )
    row = json.loads(json.dumps(whole.to_json()))
    assert StudySummary.from_json(row) == whole
    assert row == whole.to_json()
    assert list(row) == [
        *(
            "study",
            "seed",
            "goal",
            "pareto",
            "task",
            "rows",
            "source",
            "trials",
            "race",
            "ended",
            "best",
            "ensemble",
            "threshold",
        ),
        *(
            "baselines",
            "holdout",
            "verdict",
            "answer",
            "balance",
            "features",
            "engine",
            "seeds",
            "findings",
            "model",
            "seconds",
            "mlflow",
        ),
    ]
    assert row["baselines"][1] == {"name": "mean", "mean": 0.6, "sd": 0.1, "holdout": 0.6}
    matrix = {"labels": ["no", "yes"], "rows": "truth", "columns": "prediction", "counts": [[1, 0], [0, 2]]}
    assert row["holdout"]["confusion"] == matrix


def test_a_model_without_a_version_is_not_registered():
    assert summary().is_registered
    waiting = replace(summary(), model=RegisteredModel("iris"))
    assert not waiting.is_registered
    assert waiting.to_json()["model"] == {"name": "iris", "version": None, "aliases": [], "uri": None}


def test_provenance_survives_json():
    own = Provenance(
        task="binary",
        goal=Goal("accuracy", "maximize"),
        data="rows",
        target="bought",
        rows=90,
        columns={"length": "number"},
        user="ada",
        machine=Machine("Linux", "x86_64", 2),
        git=Commit("c0ffee", changed=False),
    )
    row = json.loads(json.dumps(own.to_json()))
    assert Provenance.from_json(row) == own
    assert list(row) == ["task", "goal", "data", "target", "rows", "columns", "image", "user", "machine", "git"]
    challenger = replace(own, experiment="iris-retraining", image=(28, 28, 1))
    assert Provenance.from_json(challenger.to_json()) == challenger
    assert challenger.to_json()["experiment"] == "iris-retraining"


def test_without_a_holdout_its_keys_are_null():
    bare = summary(holdout=None, baselines=(BaselineScore("majority", 0.5, 0.0, None),), scored_on="training rows")
    row = json.loads(json.dumps(bare.to_json()))
    assert StudySummary.from_json(row) == bare
    assert (row["holdout"], row["baselines"][0]["holdout"], row["scored_on"]) == (None, None, "training rows")
    assert (bare.held("accuracy"), bare.scored) == (None, "on its own training rows")
    assert "scored_on" not in summary().to_json()
    assert summary().scored == "in cross-validation"


def test_what_is_said_of_images_and_unfinished_baselines_survives_json():
    rivals = (
        BaselineScore("majority", 0.1, 0.0, 0.1),
        BaselineScore("logistic", 0.8, 0.0, 0.8, image=(14, 14, 1), joined=("city",)),
    )
    whole = summary(baselines=rivals, baselines_unfinished=(UnfinishedBaseline("logistic_balanced", "left out: no time"),))
    row = json.loads(json.dumps(whole.to_json()))
    assert StudySummary.from_json(row) == whole
    assert not {"image", "joined"} & row["baselines"][0].keys()
    assert row["baselines"][1]["joined"] == ["city"]
    assert row["baselines"][1]["image"] == [14, 14, 1]
    assert row["baselines_unfinished"] == [{"name": "logistic_balanced", "reason": "left out: no time"}]
    assert "baselines_unfinished" not in summary().to_json()

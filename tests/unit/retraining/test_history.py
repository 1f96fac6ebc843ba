"""A row of the history has score and drift of a retraining, whichever way it was decided, and of an older foldwise too."""

import json
from datetime import UTC, datetime

import pytest

from foldwise.config.read import read_service
from foldwise.doors.compose import compose_service
from foldwise.doors.screen import Screen
from foldwise.ledger.model_versions import Retraining
from foldwise.ledger.promotions import Promotion
from foldwise.retraining.history import history_row, publish_history
from foldwise.retraining.spec import RetrainSpec

NOW = datetime(2026, 1, 5, tzinfo=UTC)
DRIFT = [{"column": "first", "psi": 0.3, "p_value": 0.01, "missing": [0, 0]}]
USUAL = {"goal": {"metric": "accuracy", "direction": "maximize"}, "drift": DRIFT, "rows": {"new": 250}, "reason": "why"}
BY_TEST = {**USUAL, "test": {"champion": 0.8, "challenger": 0.9, "p_value": 0.01, "rows": 300}, "challenger": {"version": 2}}
SCORES = {"metric": "accuracy", "champion": 0.7, "challenger": 0.75, "rows": 200}
BY_EVIDENCE = {**USUAL, "gate": {"kind": "evidence"}, "challenger": {"version": 3}}
BY_EVIDENCE["evidence"] = {"value": 3.1, "needed": 20.0, "scores": SCORES}


def _ended(name, outcome, summary):
    return Retraining("shop", name, 1, "f" * 64, None, NOW, NOW, outcome, summary)


@pytest.mark.parametrize(
    ("summary", "gate", "scores", "judged_on", "evidence"),
    [
        (BY_TEST, "test", (0.8, 0.9), 300, None),
        (BY_EVIDENCE, "evidence", (0.7, 0.75), 200, 3.1),
        ({**BY_EVIDENCE, "evidence": {"value": 1.0, "needed": 20.0, "scores": None}}, "evidence", (None, None), None, 1.0),
        ({"reason": "slow"}, None, (None, None), None, None),
    ],
)
def test_a_row_has_what_decided(summary, gate, scores, judged_on, evidence):
    row = history_row(_ended("one", "KEPT", summary))
    assert (row["gate"], row["judged_on"], row["evidence"]) == (gate, judged_on, evidence)
    assert (row["champion_score"], row["challenger_score"]) == scores
    assert row["drift"] == [{"column": found["column"], "psi": found["psi"]} for found in summary.get("drift", [])]


def test_it_is_printed_and_written(tmp_path, capsys):
    words = ["model=shop", "action=history", "tracking.figures=true", f"paths.runs={tmp_path}"]
    asked = read_service(RetrainSpec, compose_service("retrain", words))
    ended = [_ended("one", "PROMOTED", BY_TEST), _ended("two", "KEPT", BY_EVIDENCE), _ended("back", "ROLLED_BACK", {})]
    champions = [Promotion("shop", 1, 1, None, "first", {}, NOW, "the first")]
    whole = publish_history(asked, ended, champions, "study", Screen())
    said = capsys.readouterr().out
    assert "3.1 of 20" in said
    assert "first 0.300" in said
    assert "PSI, the population stability index, compares" in said
    folder = tmp_path / "studies" / "study"
    assert json.loads((folder / "retraining_history.json").read_text()) == whole
    assert [row["outcome"] for row in whole["retrainings"]] == ["PROMOTED", "KEPT", "ROLLED_BACK"]
    assert (folder / "retraining_history.png").exists()


def test_a_model_that_was_never_retrained_has_an_empty_history(tmp_path, capsys):
    asked = read_service(RetrainSpec, compose_service("retrain", ["model=shop", "action=history", f"paths.runs={tmp_path}"]))
    assert publish_history(asked, [], [], "study", Screen())["retrainings"] == []
    assert "shop has not been retrained yet" in capsys.readouterr().out

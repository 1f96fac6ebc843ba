"""Which studies can be compared, and what their page shows."""

import json
import re
from contextlib import closing
from dataclasses import replace

import pytest

from benchmarks.made_search import made_results, made_study
from foldwise.errors import ConfigError
from foldwise.ledger.ledger import open_ledger
from foldwise.report.compare_page import page, read_studies
from foldwise.spec.goal import Goal
from tests.contract.ledgers import summary


@pytest.fixture
def ledger(tmp_path):
    made_study(tmp_path, 4)
    made_study(tmp_path, 2, "losses", goal={"metric": "log_loss"})
    made_study(tmp_path, 2, "rents", goal={"metric": "rmse"}, data={"kind": "sklearn", "name": "diabetes"})
    with closing(open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")) as opened:
        yield opened


def test_studies_of_one_task_are_compared_and_have_a_common_goal_or_none(ledger):
    studies, goal = read_studies(ledger, ["made"])
    assert goal == Goal("accuracy", "maximize")
    assert [record.name for record, _ in studies] == ["made"]
    studies, goal = read_studies(ledger, ["made", "losses"])
    assert goal is None
    assert [len(results) for _, results in studies] == [4, 2]


def test_studies_of_different_tasks_are_refused(ledger):
    with pytest.raises(
        ConfigError, match="'rents' is a regression study and 'made' a classification one; compare studies of one"
    ):
        read_studies(ledger, ["made", "rents"])
    ledger.lead("losses")
    ledger.finish_study("losses", replace(summary(), task="binary"))
    ledger.lead("made")
    read_studies(ledger, ["made", "losses"])  # made does not say whether it has two classes or more
    ledger.finish_study("made", summary())
    with pytest.raises(ConfigError, match="'losses' is a binary study and 'made' a multiclass one"):
        read_studies(ledger, ["made", "losses"])


def test_a_page_has_the_scores_of_each_fold_and_no_files_where_none_are_looked_at(ledger):
    studies, goal = read_studies(ledger, ["made"])
    text = page(studies, goal)
    data = json.loads(re.search(r'id="data">(.*?)</script>', text)[1])
    trials = data["studies"][0]["trials"]
    expected = [[fold.score for fold in result.folds] for result in made_results(4)[1]]
    assert trials["folds"] == [pytest.approx(scores, abs=1e-4) for scores in expected]
    assert "links" not in data["studies"][0]
    assert "{{" not in text

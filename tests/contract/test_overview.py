"""Studies and models at a glance, on every database."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from foldwise.ledger.ledger import open_ledger
from foldwise.ledger.model_versions import VersionRow
from foldwise.ledger.overview import VersionLine
from foldwise.spec.goal import Goal
from foldwise.trial.provenance import Provenance
from foldwise.trial.result import TrialResult
from tests.contract.ledgers import summary
from tests.contract.test_live import live_row

PROVENANCE = Provenance(task="multiclass", goal=Goal("accuracy", "maximize"), data="flowers")


@pytest.fixture
def ledger(url):
    with closing(open_ledger(url)) as opened:
        yield opened


def test_an_empty_ledger_has_nothing(ledger):
    assert (ledger.overview.studies(5), ledger.overview.models(), ledger.overview.versions()) == ([], [], [])


@pytest.mark.parametrize(("goal", "best"), [(Goal("accuracy", "maximize"), 0.9), (Goal("rmse", "minimize"), 0.7)])
def test_a_study_has_its_counts_and_the_best_score_of_its_goal(goal, best, ledger):
    ledger.create_study("one", {}, "f" * 64, {}, {}, replace(PROVENANCE, goal=goal))
    ledger.ask_for("one", 9)
    states = [("COMPLETE", 0.7), ("COMPLETE", 0.9), ("FAILED", float("nan")), ("STOPPED", float("nan"))]
    for number, (state, mean) in enumerate(states):
        ledger.begin_trial("one", number, {})
        ledger.finish_trial("one", TrialResult(number, {}, state, (), mean=mean, sd=0.0))
    ledger.begin_trial("one", 4, {})
    (line,) = ledger.overview.studies(5)
    assert (line.name, line.asked, line.goal, line.best, line.done) == ("one", 9, goal, best, 4)
    assert line.trials == {"COMPLETE": 2, "FAILED": 1, "STOPPED": 1, "RUNNING": 1}
    assert (line.finished, line.summary, line.holder["pid"] > 0) == (None, None, True)


def test_a_study_has_what_it_is_doing_without_curves_and_log(ledger):
    for name in ("one", "other"):
        ledger.create_study(name, {}, "f" * 64, {}, {})
    ledger.live.write(live_row("one"))
    other, one = ledger.overview.studies(5)
    assert (other.live, one.live) == (None, live_row("one", curves=None, log=(), seconds_left=one.live.seconds_left))


def test_a_finished_study_of_an_early_version_takes_the_goal_of_its_summary(ledger):
    for name in ("first", "second"):
        ledger.create_study(name, {}, "f" * 64, {}, {})
    ledger.finish_study("first", summary(study="first"))
    second, first = ledger.overview.studies(5)
    assert (second.name, second.goal, second.best) == ("second", None, None)
    assert (first.goal, first.summary.study) == (summary().goal, "first")
    assert [line.name for line in ledger.overview.studies(1)] == ["second"]


def test_models_are_known_by_versions_and_by_promotions(ledger):
    for number in (2, 1):
        ledger.versions.keep(VersionRow("iris#1", number, "one", "f" * 64, None, {}, None, None, datetime.now(UTC)))
    ledger.promotions.promote("shop#2", 1, None, "first", "")
    assert ledger.overview.models() == ["iris#1", "shop#2"]
    assert ledger.overview.versions() == [VersionLine("iris#1", 1, "one"), VersionLine("iris#1", 2, "one")]

"""What `list` shows comes from the ledger alone."""

import json
import os
import platform
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from foldwise.config.read import read_service
from foldwise.doors.compose import compose_service
from foldwise.doors.listing import list_here, listed
from foldwise.errors import ConfigError
from foldwise.ledger.ledger import open_ledger
from foldwise.ledger.model_versions import Retraining, VersionRow
from foldwise.spec.services import ListSpec
from foldwise.trial.result import TrialResult
from foldwise.trial.summary import RegisteredModel
from tests.contract.ledgers import summary
from tests.contract.test_live import live_row

NOW = datetime(2026, 1, 5, tzinfo=UTC)
JOBS = [{"job": "weekly", "next": None}]


@pytest.fixture
def runs(tmp_path):
    """A finished study with a champion, one that this process runs, and one whose process is gone."""
    with closing(open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")) as ledger:
        for name in ("done", "gone", "runs"):
            ledger.create_study(name, {"data": {"kind": "sklearn", "name": "iris"}}, "f" * 64, {}, {})
            ledger.ask_for(name, 5)
        ledger.begin_trial("done", 0, {})
        ledger.finish_trial("done", TrialResult(0, {}, "COMPLETE", (), mean=0.9, sd=0.0))
        ledger.finish_study("done", summary(study="done", model=RegisteredModel("iris", 1, ("champion",))))
        ledger.begin_trial("runs", 0, {})
        ledger.versions.keep(VersionRow("iris#1", 1, "done", "f" * 64, None, {}, None, None, NOW))
        ledger.versions.keep(VersionRow("iris#1", 2, "done", "f" * 64, None, {}, None, None, NOW))
    _give_holder(tmp_path, "gone", 2**22 + 7)  # above the largest process number
    return tmp_path


def _give_holder(runs, study, pid):
    import sqlite3

    with closing(sqlite3.connect(runs / "ledger.db")) as database:
        database.execute("UPDATE studies SET holder = ? WHERE name = ?", (json.dumps({"pid": pid, "user": "ann"}), study))
        database.commit()


def rows(runs, *words):
    asked = read_service(ListSpec, compose_service("list", [*words, f"paths.runs={runs}"]))
    return listed(asked, lambda asked: JOBS)


def test_a_study_is_finished_running_or_unfinished(runs):
    studies = rows(runs, "kind=studies")["studies"]
    assert {row["study"]: row["state"] for row in studies} == {"done": "finished", "gone": "unfinished", "runs": "running"}
    done = next(row for row in studies if row["study"] == "done")
    assert (done["trials"], done["asked"], done["model"]) == (1, 5, "iris/1")
    assert done["score"] == summary().best.mean
    assert next(row for row in studies if row["study"] == "gone")["by"] == "ann"
    assert [row["study"] for row in rows(runs, "kind=studies", "count=1")["studies"]] == ["runs"]


@pytest.mark.parametrize(
    ("values", "state"),
    [({}, "running"), ({"pid": 2**22 + 7}, "died"), ({"state": "stopped"}, "stopped"), ({"host": "x"}, "died")],
)
def test_a_state_is_that_of_the_live_row_as_on_the_home(runs, values, state):
    now = datetime.now(UTC)
    written = now - timedelta(seconds=0 if state == "running" else 60)
    row = live_row(**{"study": "seen", "pid": os.getpid(), "host": platform.node(), "since": now, "written": written} | values)
    with closing(open_ledger(f"sqlite:///{runs / 'ledger.db'}")) as ledger:
        ledger.create_study("seen", {"data": {"kind": "sklearn", "name": "iris"}}, "f" * 64, {}, {})
        ledger.live.write(row)
    assert {row["study"]: row["state"] for row in rows(runs, "kind=studies")["studies"]}["seen"] == state


def test_the_first_champion_is_known_without_mlflow_and_a_later_one_with_who_and_why(runs):
    (model,) = rows(runs, "kind=models")["models"]
    assert (model["model"], model["champion"], model["newest"], model["by"]) == ("iris", 1, 2, None)
    with closing(open_ledger(f"sqlite:///{runs / 'ledger.db'}")) as ledger:
        ledger.promotions.promote("iris#1", 1, None, "first", "the first")
        ledger.promotions.promote("iris#1", 2, 1, "chosen", "better")
        begun = ledger.versions.begin(Retraining("iris#1", "one", 2, "f" * 64, None, NOW))
        found = {"evidence": {"value": 3.1, "needed": 20.0}, "drift": [{"column": "a", "psi": 0.3}]}
        ledger.versions.end(begun, "KEPT", found)
    (model,) = rows(runs, "kind=models")["models"]
    assert (model["champion"], model["why"], model["evidence"], model["drift"]) == (2, "better", "3.1 of 20", "a")
    assert model["by"].startswith("chosen")
    assert model["last"].startswith("KEPT ")


def test_all_three_are_shown_as_tables_or_as_json(runs, capsys):
    list_here(compose_service("list", ["format=json", f"paths.runs={runs}"]), lambda asked: JOBS)
    found = json.loads(capsys.readouterr().out)
    assert found == rows(runs)
    assert list(found) == ["studies", "models", "jobs"]
    list_here(compose_service("list", [f"paths.runs={runs}"]), lambda asked: [])
    text = capsys.readouterr().out
    assert [line.split()[:2] for line in text.splitlines()[:1]] == [["study", "state"]]
    assert "no jobs" in text


def test_jobs_need_no_ledger_and_studies_do(tmp_path):
    assert rows(tmp_path, "kind=jobs") == {"jobs": JOBS}
    with pytest.raises(ConfigError, match=r"holds no ledger\.db"):
        rows(tmp_path, "kind=studies")
    assert os.listdir(tmp_path) == []  # noqa: PTH208 nothing was made

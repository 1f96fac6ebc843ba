"""Weekly looks that add up evidence: score first, learn later; promotions, rollbacks, kills, and rows that count once."""

import json
import os
import signal
from contextlib import closing
from itertools import pairwise
from types import SimpleNamespace

import pandas as pd
import pytest

import foldwise
from benchmarks.growing import World
from foldwise.evaluation.evidence import Evidence
from foldwise.ledger.ledger import open_ledger
from foldwise.system.kill_points import CONCLUSION, COORDINATOR, EVIDENCE
from foldwise.tracking.mlflow_registry import MlflowRegistry
from foldwise.tracking.mlflow_store import mlflow_store
from tests.end_to_end.copies import copied
from tests.end_to_end.doors import PLAIN, run

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.usefixtures("tensorflow_started")]

# The world turns after the champion was made, and the table keeps four weeks, so that a challenger soon knows the new one only.
WEEKS, KEPT_WEEKS, ROWS = 6, 4, 150
WORLD = World(rows=ROWS, drifts=((WEEKS, 1.6),))
PLACES = [*EVIDENCE, "before-promotion", "in-promotion", "after-promotion", "after-alias", "after-retraining-ended:2"]
PLACES += [place for place in (*COORDINATOR, *CONCLUSION) if place != "after-ask"]
ALL = os.environ.get("FOLDWISE_EVIDENCE_KILLS") == "all"
FEW = ("after-promotion", "after-next")


def write(folder, weeks, least=0):
    rows = pd.concat([WORLD.week(week) for week in range(max(least, weeks - KEPT_WEEKS), weeks)])
    rows.to_csv(folder / "rows.csv", index=False)


def words(folder, *more):
    places = (f"data.path={folder / 'rows.csv'}", f"paths.runs={folder / 'runs'}")
    return ("model=shop", "tracking.figures=false", "promotion.alpha=0.05", *more, *places)


def retrain(folder, *more):
    return foldwise.retrain(*words(folder, *more))


def ledger_of(folder):
    return closing(open_ledger(f"sqlite:///{folder / 'runs' / 'ledger.db'}"))


def key_of(folder):
    return MlflowRegistry(mlflow_store(folder / "runs")).identity("shop")


def state(folder):
    """All that the ledger has of the looks and champions, without moments."""
    key = key_of(folder)
    with ledger_of(folder) as ledger:
        looks = [{**vars(look), "moment": None} for look in ledger.looks.history(key)]
        champions = [(row.number, row.version, row.replaces, row.kind) for row in ledger.promotions.history(key)]
        ended = [(row.champion, row.outcome) for row in ledger.versions.retrainings(key)]
        return looks, ledger.looks.seen(key).tolist(), champions, ended


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A champion, and its first look."""
    folder = tmp_path_factory.mktemp("first")
    write(folder, WEEKS)
    tune = ["data.target=bought", "data.time=day", "register=shop", "folds.count=2", "fit.epochs=12", "model.units=8"]
    tune += ["model.hidden=1", *PLAIN, f"data.path={folder / 'rows.csv'}", f"paths.runs={folder / 'runs'}"]
    foldwise.train("data=csv", *tune)
    write(folder, WEEKS + 1)
    return SimpleNamespace(folder=folder, done=retrain(folder))


@pytest.fixture(scope="module")
def second(first, tmp_path_factory):
    folder = copied(first.folder, tmp_path_factory.mktemp("second") / "copy")
    write(folder, WEEKS + 2)
    return SimpleNamespace(folder=folder, done=retrain(folder))


@pytest.fixture(scope="module")
def promoted(second, tmp_path_factory):
    """The looks until one promotes; `before` is a copy just before that one."""
    folder, week = copied(second.folder, tmp_path_factory.mktemp("promoted") / "copy"), WEEKS + 2
    while week < WEEKS + 7:
        week += 1
        before = copied(folder, tmp_path_factory.mktemp("before") / f"week{week}")
        for place in (folder, before):
            write(place, week)
        done = retrain(folder)
        if done["outcome"] == "PROMOTED":
            return SimpleNamespace(folder=folder, done=done, before=before, week=week)
    raise AssertionError("nothing was promoted")


def test_the_first_look_trains_a_challenger_and_says_so(first):
    done = first.done
    assert done["outcome"] == "KEPT"
    assert done["gate"] == {"kind": "evidence", "why": "accuracy is compared row by row, and at least 120 rows are new"}
    assert done["reason"] == (
        "no row has been answered by a challenger of this champion yet; "
        "version 2 is trained and answers the rows that come next"
    )
    assert (done["next"]["version"], done["evidence"]["rows"], "challenger" in done) == (2, 0, False)
    (look,), seen, _, _ = state(first.folder)
    assert (look["rows"], look["trained"], look["reign"]) == (0, 2, 1)
    assert len(seen) == KEPT_WEEKS * ROWS


def test_the_next_look_scores_the_new_rows_before_anything_learns_them(second):
    done = second.done
    assert (done["challenger"]["version"], done["next"]["version"]) == (2, 3)
    evidence = done["evidence"]
    assert (evidence["rows"], evidence["rows_now"], evidence["looks"]) == (ROWS, ROWS, 1)
    assert evidence["value"] == pytest.approx(Evidence(**state(second.folder)[0][-1]["evidence"]).value)
    assert evidence["scores"]["rows"] == ROWS  # all that came, also those that the holdout takes
    assert done["rows"]["newest"] == 0  # nothing is held back from the next challenger
    with ledger_of(second.folder) as ledger:
        trained = [set(ledger.versions.version(key_of(second.folder), version).trained) for version in (1, 2, 3)]
        looks = ledger.looks
        seen = set(looks.seen(key_of(second.folder)))
    assert trained[2] <= seen
    assert len(trained[2] - trained[1]) > ROWS / 2  # it has learnt what was scored before


def test_the_same_rows_are_unchanged_and_count_no_second_time(second, tmp_path):
    folder = copied(second.folder, tmp_path / "copy")
    before = state(folder)
    assert retrain(folder)["outcome"] == "UNCHANGED"
    rows = pd.read_csv(folder / "rows.csv").sample(frac=1, random_state=0)
    pd.concat([rows, rows[:20]]).to_csv(folder / "rows.csv", index=False)  # copies are not new either
    done = retrain(folder, "promotion.kind=evidence")
    assert (done["evidence"]["rows"], done["evidence"]["rows_now"]) == (ROWS, 0)
    after = state(folder)
    assert (after[0][-1]["evidence"], after[1]) == (before[0][-1]["evidence"], before[1])


def test_enough_evidence_promotes_and_a_new_reign_begins(promoted):
    done, (looks, seen, champions, ended) = promoted.done, state(promoted.folder)
    assert done["evidence"]["value"] >= done["evidence"]["needed"] == pytest.approx(20)
    assert done["evidence"]["rows"] == ROWS * done["evidence"]["looks"]
    challenger = done["challenger"]["version"]
    assert [row[1:] for row in champions] == [(challenger, 1, "promoted"), (1, None, "first")]
    assert looks[-1]["trained"] == challenger + 1  # of the new champion, after the decision
    assert ended[-2:] == [(1, "PROMOTED"), (challenger, "KEPT")]
    assert len(seen) == ROWS * (promoted.week - WEEKS + KEPT_WEEKS - 1)
    assert sum(look["rows"] for look in looks) == ROWS * (promoted.week - WEEKS - 1)
    for earlier, later in pairwise(looks):
        assert later["number"] == earlier["number"] + 1
    report = json.loads(next((promoted.folder / "runs").glob(f"studies/*/retrain/{done['id']}.json")).read_text())
    assert report["evidence"]["weeks"][-1]["log"] == pytest.approx(done["evidence"]["log"])


def test_the_next_reign_starts_without_evidence_and_so_does_a_rollback_s(promoted, tmp_path):
    folder, week = copied(promoted.folder, tmp_path / "copy"), promoted.week
    write(folder, week + 1)
    done = retrain(folder, "promotion.alpha=0.0001")
    assert (done["evidence"]["rows"], done["evidence"]["reign"], done["evidence"]["looks"]) == (ROWS, 2, 1)
    assert retrain(folder, "rollback=true")["outcome"] == "ROLLED_BACK"
    write(folder, week + 2)
    done = retrain(folder, "promotion.alpha=0.0001")
    assert (done["evidence"]["rows"], done["evidence"]["reign"], done["champion"]["version"]) == (ROWS, 3, 1)


@pytest.mark.nightly
def test_a_test_in_between_leaves_the_evidence_and_its_rows_count_no_more(second, tmp_path):
    folder = copied(second.folder, tmp_path / "copy")
    before = state(folder)[0][-1]
    write(folder, WEEKS + 3)
    done = retrain(folder, "promotion.kind=test", "promotion.alpha=0.0001", "promotion.margin=1")
    assert (done["outcome"], done["gate"]["kind"], "evidence" in done) == ("KEPT", "test", False)
    look = state(folder)[0][-1]
    assert (look["kind"], look["rows"], look["evidence"]) == ("test", 0, before["evidence"])
    write(folder, WEEKS + 4)
    done = retrain(folder, "promotion.alpha=0.0001")
    assert (done["evidence"]["rows"], done["evidence"]["rows_now"]) == (2 * ROWS, ROWS)
    assert done["challenger"]["version"] == look["trained"]


@pytest.mark.nightly
def test_another_margin_starts_the_evidence_anew(second, tmp_path, capsys):
    folder = copied(second.folder, tmp_path / "copy")
    write(folder, WEEKS + 3)
    done = retrain(folder, "promotion.margin=0.5")
    assert "promotion.margin was 0 and is 0.5, so the evidence starts anew" in capsys.readouterr().out
    assert (done["outcome"], done["evidence"]["rows"], done["evidence"]["looks"]) == ("KEPT", ROWS, 1)


@pytest.mark.nightly
def test_a_deleted_challenger_is_replaced(second, tmp_path, capsys):
    folder = copied(second.folder, tmp_path / "copy")
    mlflow_store(folder / "runs").client().delete_model_version("shop", "3")
    write(folder, WEEKS + 3)
    done = retrain(folder)
    assert "version 3, the last challenger, was deleted in MLflow; another one is trained" in capsys.readouterr().out
    assert (done["outcome"], done["evidence"]["rows_now"], done["next"]["version"]) == ("KEPT", 0, 4)


@pytest.fixture(scope="module")
def undisturbed(promoted, tmp_path_factory):
    """The states after the look that promotes, and after the next one."""
    folder = copied(promoted.folder, tmp_path_factory.mktemp("undisturbed") / "copy")
    then = state(folder)
    write(folder, promoted.week + 1)
    retrain(folder)
    return then, state(folder)


@pytest.mark.timeout(280)
@pytest.mark.parametrize("place", PLACES if ALL else FEW)
def test_killed_anywhere_the_next_start_ends_with_the_same_evidence(promoted, undisturbed, place, tmp_path):
    folder = copied(promoted.before, tmp_path / "copy")
    env = {**os.environ, "FOLDWISE_KILL": place}
    asked = words(folder)[:-1]
    killed = run("retrain", *asked, runs=folder / "runs", env=env)
    assert killed.returncode == -signal.SIGKILL, killed.stdout + killed.stderr
    again = run("retrain", *asked, runs=folder / "runs")
    assert again.returncode == 0, again.stderr
    assert state(folder) == undisturbed[0]
    write(folder, promoted.week + 1)
    retrain(folder)
    assert state(folder) == undisturbed[1]

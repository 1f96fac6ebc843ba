"""A model that stays fresh: rows that grow and drift, challengers, promotions, the way back, and what can go wrong."""

import json
import os
import signal
from contextlib import closing
from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import foldwise
from benchmarks.growing import World
from foldwise.doors.services import load_model
from foldwise.errors import ConfigError, DataError, JobError, Unfit
from foldwise.ledger.ledger import open_ledger
from foldwise.ledger.model_versions import ROLLBACK, Retraining
from foldwise.tracking.mlflow_registry import MlflowRegistry
from foldwise.tracking.mlflow_store import mlflow_store
from tests.end_to_end.copies import copied
from tests.end_to_end.doors import PLAIN, run

# TensorFlow is started before it trains in this process, or it would keep the threads that retraining asks for from other tests
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tensorflow_started")]

WEEKS = 12
WORLD = World(rows=60, drifts=((WEEKS, 2.2),), shift=0.5)
TUNE = [
    "data=csv",
    "data.target=bought",
    "data.time=day",
    "register=shop",
    "folds.count=3",
    "fit.epochs=15",
    "model.units=[int,8,24]",
]
TUNE += ["model.hidden=1", "budget.trials=2", *PLAIN]


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    """A folder with `rows.csv` of some weeks and `runs` with the champion that was tuned on them."""
    folder = tmp_path_factory.mktemp("tuned")
    WORLD.write(folder / "rows.csv", WEEKS)
    done = run("tune", *TUNE, f"data.path={folder / 'rows.csv'}", runs=folder / "runs")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def cut_off(tuned, tmp_path_factory):
    """A copy some weeks after the world has turned, and a retraining that was killed after its promotion."""
    folder = copied(tuned, tmp_path_factory.mktemp("cut_off") / "copy")
    WORLD.write(folder / "rows.csv", WEEKS + 14)
    env = {**os.environ, "FOLDWISE_KILL": "after-promotion"}
    killed = retrain(folder, env=env)
    assert killed.returncode == -signal.SIGKILL, killed.stdout + killed.stderr
    (named,) = (line.split()[1].rstrip(":") for line in killed.stdout.splitlines() if line.startswith("study "))
    assert named.startswith("shop-after-1-")
    assert (folder / "runs" / "studies" / named).is_dir()  # the study that is shown is the one that is trained
    return folder


@pytest.fixture(scope="module")
def promoted(cut_off, tmp_path_factory):
    """A copy in which the next start has finished that promotion, and what this start said."""
    folder = copied(cut_off, tmp_path_factory.mktemp("promoted") / "copy")
    return SimpleNamespace(folder=folder, done=retrain(folder))


@pytest.fixture(scope="module")
def rolled_back(promoted, tmp_path_factory):
    """A copy in which the first version is champion again, and what that start said."""
    folder = copied(promoted.folder, tmp_path_factory.mktemp("rolled_back") / "copy")
    return SimpleNamespace(folder=folder, done=retrain(folder, "rollback=true", "why='the new one is slow'"))


@pytest.fixture
def drifted(rolled_back, tmp_path):
    """A copy of that for one test alone."""
    return copied(rolled_back.folder, tmp_path / "copy")


def retrain(folder, *words, env=None):
    asked = ("model=shop", "promotion.kind=test", f"data.path={folder / 'rows.csv'}", *words)
    return run("retrain", *asked, runs=folder / "runs", env=env)


def here(folder, *words):
    """The same in this process, as a notebook would."""
    words = (
        "model=shop",
        "promotion.kind=test",
        "tracking.figures=false",
        f"data.path={folder / 'rows.csv'}",
        *words,
        f"paths.runs={folder / 'runs'}",
    )
    return foldwise.retrain(*words)


def reports(folder):
    """Every retraining's JSON, by when it began."""
    found = [json.loads(path.read_text()) for path in (folder / "runs" / "studies").glob("*/retrain/*.json")]
    return sorted(found, key=lambda summary: summary["began"])


def answers(folder, reference):
    return load_model(reference, str(folder / "runs")).predict(pd.read_csv(folder / "rows.csv"))


def aliases(folder):
    return {
        name: int(version)
        for name, version in mlflow_store(folder / "runs").client().get_registered_model("shop").aliases.items()
    }


def test_nothing_new_is_unchanged_and_trains_nothing(tuned):
    before = {path.name for path in (tuned / "runs" / "studies").iterdir()}
    done = retrain(tuned)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("UNCHANGED: the rows are those of version 1, the champion\nwritten: ")
    assert {path.name for path in (tuned / "runs" / "studies").iterdir()} == before
    assert reports(tuned)[-1]["outcome"] == "UNCHANGED"


@pytest.mark.parametrize(
    "order",
    [
        lambda rows: rows[::-1],
        lambda rows: rows.sample(frac=1, random_state=1),
        lambda rows: rows[rows.columns[::-1]].sample(frac=1, random_state=2),
    ],
)
def test_the_same_rows_in_another_order_are_unchanged(tuned, tmp_path, order):
    order(pd.read_csv(tuned / "rows.csv")).to_csv(tmp_path / "rows.csv", index=False)
    assert here(tuned, f"data.path={tmp_path / 'rows.csv'}")["outcome"] == "UNCHANGED"
    assert reports(tuned)[-1]["reason"] == "the rows are those of version 1, the champion, in another order"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda rows, more: pd.concat([rows, more]).drop(columns="first"), "has no column 'first'"),
        (lambda rows, more: pd.concat([rows, more.assign(first=["what", *more["first"][1:]])]), "'what' is not a number"),
        (lambda rows, more: pd.concat([rows, more.assign(second=None)]), "cells of second are missing in the new rows"),
        (lambda rows, more: rows.assign(first=1.5), "column first is a feature of the champion"),
        (lambda rows, more: more.assign(second=None), "column second is a feature of the champion"),
        (lambda rows, more: rows.assign(kind="what"), "column kind is a feature of the champion"),
        (lambda rows, more: pd.concat([rows, more.assign(second=0.25)]), "column second is 0.25 in all "),
        (
            lambda rows, more: pd.concat([rows, more.assign(first=[*more["first"][1:], "-inf"])]),
            "column first, row 780: '-inf'",
        ),
        (lambda rows, more: pd.concat([rows, more.assign(bought="perhaps")]), "bought has 3 labels"),
        (lambda rows, more: pd.concat([rows, more.assign(bought=None)]).assign(bought="no"), "'no' in every row"),
    ],
)
def test_rows_that_do_not_fit_are_refused_before_anything_is_trained(tuned, tmp_path, change, sentence):
    before = {path.name for path in (tuned / "runs" / "studies").iterdir()}
    change(pd.read_csv(tuned / "rows.csv"), WORLD.week(WEEKS)).to_csv(tmp_path / "rows.csv", index=False)
    with pytest.raises(DataError, match=sentence):
        here(tuned, f"data.path={tmp_path / 'rows.csv'}")
    assert reports(tuned)[-1]["outcome"] == "REFUSED"
    assert sentence in reports(tuned)[-1]["reason"]
    assert {path.name for path in (tuned / "runs" / "studies").iterdir()} == before


def test_columns_that_the_champion_does_not_know_are_left_out(tuned, tmp_path, capsys):
    rows = pd.concat([pd.read_csv(tuned / "rows.csv"), WORLD.week(WEEKS)])
    rows.assign(later=np.round(np.random.default_rng(0).normal(size=len(rows)), 3)).to_csv(tmp_path / "rows.csv", index=False)
    with pytest.raises(DataError, match="has moved by a PSI"):  # far enough to see that it was planned
        here(tuned, f"data.path={tmp_path / 'rows.csv'}", "checks.drift=0.0001")
    assert "columns that the champion does not have are left out: later; tune to learn from them" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["model=shp"], "no model is called 'shp', did you mean shop"),
        (["model=shop", "rollback=true"], "version 1 is the first champion of shop; only a later one can be rolled back"),
        (["model=shop", "serch=3"], "serch: unknown key, did you mean search"),
        (["model=shop", "promotion.alpha=2"], "promotion.alpha"),
        (["model=../shop"], "model"),
        (["model=shop", "tracking.kind=in_memory"], "in_memory keeps a model for its own process only"),
    ],
)
def test_what_is_asked_wrongly_is_said_and_leaves_nothing(tuned, words, sentence):
    count = len(reports(tuned))
    with pytest.raises(ConfigError, match=sentence):
        foldwise.retrain(*words, f"paths.runs={tuned / 'runs'}")
    assert len(reports(tuned)) == count


def test_where_nothing_was_ever_tuned_nothing_is_made(tmp_path):
    done = run("retrain", "model=shop", runs=tmp_path / "nowhere")
    assert (done.returncode, done.stdout) == (2, "")
    assert "holds no ledger.db; run python -m pipelines.tune first" in done.stderr
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.long
def test_from_the_second_look_on_new_rows_are_evidence_before_they_are_learnt(tuned, tmp_path, capsys):
    """What follows, and kills, are in test_evidence.py."""
    folder = copied(tuned, tmp_path / "copy")
    asked = ("model=shop", "tracking.figures=false", f"data.path={folder / 'rows.csv'}", f"paths.runs={folder / 'runs'}")
    WORLD.write(folder / "rows.csv", WEEKS + 2)
    first = foldwise.retrain(*asked)
    assert (first["outcome"], first["gate"]["kind"], first["evidence"]["rows"]) == ("KEPT", "evidence", 0)
    WORLD.write(folder / "rows.csv", WEEKS + 4)
    second = foldwise.retrain(*asked)
    assert second["challenger"]["version"] == first["next"]["version"] == 2
    assert second["evidence"]["rows"] == second["evidence"]["scores"]["rows"] == 120
    assert "after 1 look and 120 rows" in second["reason"]
    assert "decided by evidence: accuracy is compared row by row, and 120 rows are new" in capsys.readouterr().out


@pytest.mark.long
def test_a_promotion_that_was_cut_off_is_finished_by_the_next_start(cut_off, promoted):
    assert aliases(cut_off)["champion"] == 1
    done, folder = promoted.done, promoted.folder
    assert done.returncode == 0, done.stderr
    assert "was interrupted after its promotion; it is recorded now" in done.stdout
    assert "UNCHANGED: the rows are those of version 2, the champion" in done.stdout
    assert aliases(folder) == {"champion": 2}
    report = next(summary for summary in reports(folder) if summary["outcome"] == "PROMOTED")
    assert report["champion"]["version"] == 1
    assert report["challenger"]["version"] == 2
    test, rows = report["test"], report["rows"]
    assert test["p_value"] <= 0.05
    assert test["gain"] == pytest.approx(test["challenger"] - test["champion"])
    assert test["rows"] == rows["holdout"] + rows["newest"] == sum(part["rows"] for part in test["parts"].values())
    assert rows["development"] + rows["holdout"] + rows["newest"] == rows["total"] == 60 * (WEEKS + 14)
    assert {found["column"] for found in report["drift"]} == {"first", "second", "kind", "bought"}
    assert report["drift"][0]["column"] == "first"


def test_what_came_of_it_stands_in_mlflow_too(promoted):
    place = next(summary for summary in reports(promoted.folder) if summary["outcome"] == "PROMOTED")["mlflow"]
    client = mlflow_store(promoted.folder / "runs").client()
    shown = client.get_run(place["run_id"])
    assert shown.data.tags["foldwise.retraining"] == "PROMOTED"
    assert shown.data.metrics["retraining.p_value"] <= 0.05
    assert shown.data.metrics["drift.first.psi"] > 0.1
    files = {file.path.rpartition(".")[2] for file in client.list_artifacts(place["run_id"], "retraining")}
    assert files == {"json", "png"}


def test_a_rollback_gives_the_very_same_answers_and_keeps_the_history(promoted, rolled_back):
    former = answers(promoted.folder, "shop/1")
    assert not answers(promoted.folder, "shop@champion").equals(former)
    done, folder = rolled_back.done, rolled_back.folder
    assert done.returncode == 0, done.stderr
    assert "model shop: version 1 is champion again, in place of version 2" in done.stdout
    assert answers(folder, "shop@champion").equals(former)  # to the last bit
    with closing(open_ledger(f"sqlite:///{folder / 'runs' / 'ledger.db'}")) as ledger:
        registry = MlflowRegistry(mlflow_store(folder / "runs"))
        history = ledger.promotions.history(registry.identity("shop"))
    assert [(row.version, row.kind) for row in history] == [(1, "rollback"), (2, "promoted"), (1, "first")]
    assert history[0].why == "the new one is slow"
    assert history[1].scores["p_value"] <= 0.05


def test_a_champion_that_was_deleted_in_mlflow_is_named_and_rolled_back(promoted, tmp_path):
    folder = copied(promoted.folder, tmp_path / "copy")
    mlflow_store(folder / "runs").client().delete_model_version("shop", "2")
    with pytest.raises(
        JobError, match=r"version 2 of shop, the champion, was deleted in MLflow; .* rollback=true makes version 1"
    ):
        here(folder)
    assert here(folder, "rollback=true")["outcome"] == "ROLLED_BACK"
    assert aliases(folder) == {"champion": 1}


def test_a_rollback_that_was_cut_off_is_not_gone_further(drifted):
    """Killed after its promotion, which a process in between stands for, and asked for again."""
    assert here(drifted)["outcome"] == "UNCHANGED"  # a rollback is not undone by the next retraining
    registry, started = MlflowRegistry(mlflow_store(drifted / "runs")), datetime.now(UTC)
    with closing(open_ledger(f"sqlite:///{drifted / 'runs' / 'ledger.db'}")) as ledger:
        key = registry.identity("shop")
        ledger.promotions.promote(key, 2, 1, "promoted", "once more")
        begun = ledger.versions.begin(Retraining(key, "back", 2, ROLLBACK, None, started))
        left = {"id": "back", "model": "shop", "began": started.isoformat(), "champion": {"version": 2, "study": "gone"}}
        ledger.versions.note(begun, {**left, "outcome": "ROLLED_BACK", "reason": "slow"})
        ledger.promotions.promote(key, 1, 2, "rollback", "slow", {"retraining": "back"})
    done = here(drifted, "rollback=true")
    assert (done["id"], done["reason"], done["outcome"]) == ("back", "slow", "ROLLED_BACK")
    assert aliases(drifted)["champion"] == 1
    with pytest.raises(ConfigError, match="only a later one can be rolled back"):
        here(drifted, "rollback=true")


def test_a_rollback_waits_for_no_retraining(drifted):
    registry = MlflowRegistry(mlflow_store(drifted / "runs"))
    running = f"{registry.identity('shop')}+retraining"
    address = f"sqlite:///{drifted / 'runs' / 'ledger.db'}"
    with closing(open_ledger(address)) as ledger, ledger.hold_model(running):
        with pytest.raises(ConfigError, match="only a later one can be rolled back"):  # not that the model is locked
            here(drifted, "rollback=true")
        with pytest.raises(JobError, match="model shop is locked by another process"):
            here(drifted)


@pytest.mark.long
def test_rows_that_the_challenger_knows_do_not_judge(tmp_path):
    """Rows of a given holdout that the table has by now; labels follow from nothing, so a model that knows them wins."""
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(
        {"a": rng.normal(size=400).round(5), "b": rng.normal(size=400).round(5), "y": rng.choice(["no", "yes"], 400)}
    )
    rows[:250].to_csv(tmp_path / "rows.csv", index=False)
    rows[250:330].to_csv(tmp_path / "given.csv", index=False)
    words = [f"data.path={tmp_path / 'rows.csv'}", "data.target=y", "register=coin", "data.holdout.kind=given"]
    words += [
        f"data.holdout.path={tmp_path / 'given.csv'}",
        "folds.count=2",
        "fit.epochs=2",
        "model.units=8",
        "budget.trials=1",
    ]
    foldwise.tune("data=csv", *words, *PLAIN, f"paths.runs={tmp_path / 'runs'}")
    rows[:300].to_csv(tmp_path / "rows.csv", index=False)
    asked = ("model=coin", "promotion.kind=test", "tracking.figures=false", f"paths.runs={tmp_path / 'runs'}")
    found = foldwise.retrain(*asked)
    assert found["rows"]["judging"] == found["test"]["rows"] == 30
    rows.to_csv(tmp_path / "rows.csv", index=False)
    with pytest.raises(DataError, match="no row is left to judge by"):
        foldwise.retrain(*asked)


@pytest.mark.long
def test_a_short_search_begins_where_the_champion_s_study_ended(drifted, capsys):
    WORLD.write(drifted / "rows.csv", WEEKS + 15)
    found = here(drifted, "search=2")
    said = capsys.readouterr().out
    assert found["outcome"] in ("PROMOTED", "KEPT")
    study = json.loads((drifted / "runs" / "studies" / found["challenger"]["study"] / "summary.json").read_text())
    assert study["trials"]["complete"] == 2
    assert "the tuner begins with 2 trials of" in said
    assert here(drifted, "search=2")["outcome"] == "UNCHANGED"


@pytest.mark.long
def test_a_champion_that_cannot_be_loaded_is_said_and_replaced_by_nobody(drifted):
    before = aliases(drifted)["champion"]
    registry = MlflowRegistry(mlflow_store(drifted / "runs"))
    network = registry.fetch("shop@champion") / "network.keras"
    whole = network.read_bytes()
    WORLD.write(drifted / "rows.csv", WEEKS + 16)
    try:
        network.write_bytes(whole[:-10])
        with pytest.raises(Unfit, match=r"version \d of shop cannot be loaded, so nothing is promoted: .*was changed after"):
            here(drifted)
        assert reports(drifted)[-1]["outcome"] == "REFUSED"
        assert aliases(drifted)["champion"] == before
        with pytest.raises(JobError, match="was changed after the model was registered"):
            load_model("shop@champion", str(drifted / "runs"))
    finally:
        network.write_bytes(whole)
    assert here(drifted)["outcome"] in ("PROMOTED", "KEPT")  # what was trained is not trained again

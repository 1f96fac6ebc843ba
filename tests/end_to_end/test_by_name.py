"""A study that exists is continued and replayed by its name alone."""

import shutil
import sqlite3
from contextlib import closing

import pandas as pd
import pytest

from tests.end_to_end.doors import SMALL, only_study, run, summary

pytestmark = pytest.mark.slow

WORDS = ["data=wine", "tuner=random", "tracking=in_memory", "seed=5", *SMALL]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    runs = tmp_path_factory.mktemp("by_name") / "runs"
    done = run("tune", *WORDS, "budget.trials=3", runs=runs)
    assert done.returncode == 0, done.stderr
    return runs


@pytest.fixture(scope="module")
def name(runs):
    return only_study(runs).name


def ledger(runs, query):
    with closing(sqlite3.connect(runs / "ledger.db")) as connection:
        return connection.execute(query).fetchall()


EVERYTHING = "SELECT * FROM trials JOIN folds USING (study, number) JOIN studies ON studies.name = study ORDER BY number, fold"


@pytest.mark.long
def test_a_trial_is_replayed_bit_for_bit_and_nothing_is_written(runs, name):
    before = ledger(runs, EVERYTHING)
    done = run("tune", f"study={name}", "replay=1", runs=runs)
    assert done.returncode == 0, done.stderr
    assert "trial 1 is the same, bit for bit" in done.stdout
    assert done.stdout.count("  yes") == 4
    assert ledger(runs, EVERYTHING) == before


@pytest.mark.long
def test_a_trial_that_comes_out_otherwise_is_said_by_how_much(runs, name):
    with closing(sqlite3.connect(runs / "ledger.db")) as connection:
        ((versions, score),) = connection.execute(
            "SELECT versions, folds.score FROM studies, folds WHERE folds.number = 2 AND fold = 1"
        ).fetchall()
        connection.execute("UPDATE folds SET score = score - 0.25 WHERE number = 2 AND fold = 1")
        connection.execute("""UPDATE studies SET versions = replace(versions, '"keras": "', '"keras": "0.')""")
        connection.commit()
    try:
        done = run("tune", f"study={name}", "replay=2", runs=runs)
    finally:
        with closing(sqlite3.connect(runs / "ledger.db")) as connection:
            connection.execute("UPDATE folds SET score = ? WHERE number = 2 AND fold = 1", (score,))
            connection.execute("UPDATE studies SET versions = ?", (versions,))
            connection.commit()
    assert done.returncode == 1
    assert "trial 2 is not the same: scores differ by up to 0.25; versions that changed: keras: " in done.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["replay=99"], "replay: {name} has no trial 99; it has 0 to 2"),
        (["replay=-1"], "replay: "),
        (["seed=6", "replay=1"], "exists with another configuration"),
    ],
)
def test_what_cannot_be_replayed_is_one_sentence(words, sentence, runs, name):
    done = run("tune", f"study={name}", *words, runs=runs)
    assert done.returncode == 2
    assert sentence.format(name=name) in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_name_that_no_study_has_replays_nothing(runs):
    done = run("tune", "study=nobody", "replay=1", runs=runs)
    assert done.returncode == 2
    assert "the ledger has no study 'nobody'" in done.stderr


@pytest.mark.long
def test_the_name_alone_goes_on_with_what_was_asked(runs, name, tmp_path):
    runs = shutil.copytree(runs, tmp_path / "runs")  # as it gets more trials
    done = run("tune", f"study={name}", runs=runs)
    assert done.returncode == 0, done.stderr
    assert f"study {name} is finished: 3 of 3 trials, 0 more to run" in done.stdout
    assert summary(runs)["model"]["name"] == "wine"
    more = run("tune", f"study={name}", "budget.trials=5", runs=runs)
    assert more.returncode == 0, more.stderr
    assert len(pd.read_parquet(only_study(runs) / "trials.parquet")) == 5
    assert summary(runs)["model"]["name"] == "wine"  # the model keeps its name
    again = run("tune", f"study={name}", runs=runs)
    assert "5 of 5 trials, 0 more to run" in again.stdout

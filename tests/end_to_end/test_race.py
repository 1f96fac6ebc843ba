"""A study that races, from the command to its summary, and the same study after a stop."""

import json
import re

import pandas as pd
import pytest

from tests.end_to_end.doors import only_study, run, summary

pytestmark = pytest.mark.slow

SMALLER = ["folds.count=3", "fit.epochs=8", "model.units=[int,4,16]", "model.hidden=1"]
WORDS = ["data=iris", *SMALLER, "tuner=random", "tracking=in_memory"]
RACE = ["race=both", "race.first=2", "race.check_share=0.5"]


@pytest.fixture(scope="module")
def raced(tmp_path_factory):
    runs = tmp_path_factory.mktemp("race") / "runs"
    done = run("tune", *WORDS, *RACE, "budget.trials=16", runs=runs)
    assert done.returncode == 0, done.stderr
    return runs, done.stdout


def trials(runs):
    return pd.read_parquet(only_study(runs) / "trials.parquet").drop(columns="seconds")


def test_the_summary_says_what_racing_saved_and_how_often_it_was_wrong(raced):
    runs, said = raced
    found = summary(runs)
    race, counts = found["race"], found["trials"]
    assert set(race) == {"kind", "stopped", "checked", "wrong", "error_rate", "interval", "work_saved"}
    assert race["kind"] == "both"
    assert race["stopped"] == counts["stopped"] > 0
    assert counts["stopped"] + counts["complete"] == 16
    assert 0 < race["work_saved"] < 1
    assert race["checked"] == trials(runs)["lost_at"].notna().sum() > 0
    assert 0 <= race["interval"][0] <= race["error_rate"] <= race["interval"][1] <= 1
    assert f"race: {race['stopped']} trials stopped early" in said
    assert re.search(r"STOPPED  lost in epoch \d: accuracy 0\.", said)


def test_the_best_is_a_complete_trial(raced):
    runs, _ = raced
    rows = trials(runs).set_index("number")
    best = summary(runs)["best"]
    assert rows.loc[best["number"], "state"] == "COMPLETE"
    assert best["mean"] == rows["mean"].max()


@pytest.mark.long
def test_a_study_that_was_stopped_races_on_as_if_it_never_had_been(raced, tmp_path):
    runs, _ = raced
    for budget in (7, 16):
        done = run("tune", *WORDS, *RACE, f"budget.trials={budget}", runs=tmp_path / "runs")
        assert done.returncode == 0, done.stderr
    pd.testing.assert_frame_equal(trials(tmp_path / "runs"), trials(runs))


@pytest.mark.long
def test_without_racing_the_same_trials_have_the_same_scores(raced, tmp_path):
    runs, _ = raced
    done = run("tune", *WORDS, "budget.trials=16", runs=tmp_path / "runs")
    assert done.returncode == 0, done.stderr
    assert json.loads((only_study(tmp_path / "runs") / "summary.json").read_text())["race"] is None
    plain, with_race = trials(tmp_path / "runs"), trials(runs)
    complete = with_race["state"] == "COMPLETE"
    assert (plain["mean"][complete] == with_race["mean"][complete]).all()
    assert (plain["state"] == "COMPLETE").all()

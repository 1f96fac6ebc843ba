"""The best trials trained again after the search, through the door."""

from __future__ import annotations

import math
import os

import pandas as pd
import pytest

from foldwise.system.kill_points import FRESH, VARIABLE
from tests.end_to_end.doors import SMALL, only_study, run, summary

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tensorflow_started")]

WORDS = ["data=iris", "tracking=in_memory", *SMALL, "budget.trials=4", "certify.top=2", "certify.seeds=2", "select.rule=fresh"]


@pytest.mark.long
def test_fresh_runs_that_were_killed_go_on_and_find_the_same(tmp_path):
    for number, place in enumerate(FRESH, 3):
        killed = run("tune", *WORDS, runs=tmp_path / "killed", env={**os.environ, VARIABLE: f"{place}:{number}"})
        assert killed.returncode != 0
        files = sorted((only_study(tmp_path / "killed") / "fresh").iterdir())
        assert len(files) == number
        before = [file.stat().st_mtime_ns for file in files]
        again = run("tune", *WORDS, runs=tmp_path / "killed")
        assert again.returncode == 0, again.stderr
        assert [file.stat().st_mtime_ns for file in files] == before
    whole = run("tune", *WORDS, runs=tmp_path / "whole")
    assert whole.returncode == 0, whole.stderr

    found = summary(tmp_path / "whole")
    assert summary(tmp_path / "killed")["certificate"] == found["certificate"]
    fresh = found["certificate"]["fresh"]
    assert found["certificate"]["kind"] == "both"
    assert found["best"]["number"] == fresh["taken"] in (fresh["best"], fresh["default"])
    assert fresh["default"] == 0
    assert {2, 3} >= {len(fresh["trials"])}
    assert len({one["score"] for one in fresh["trials"]}) > 1
    assert found["seconds"]["fresh"] > 0
    assert f"select.rule=fresh refits trial {fresh['taken']}" in whole.stdout
    assert "trials again on 2 fresh seeds, each with fresh folds" in whole.stdout


def test_the_defaults_are_refitted_where_the_best_is_within_one_error_of_them(tmp_path):
    alike = ["fit.epochs=40", "model.units=[int,12,16]", "seed=2"]
    done = run("tune", *WORDS, *alike, "select.rule=one_se", runs=tmp_path)
    assert done.returncode == 0, done.stderr
    trials = pd.read_parquet(only_study(tmp_path) / "trials.parquet").set_index("number")
    best = trials["mean"].idxmax()
    assert best != 0
    assert trials.loc[best, "mean"] - trials.loc[0, "mean"] <= trials.loc[best, "sd"] / math.sqrt(3)
    assert summary(tmp_path)["best"]["number"] == 0
    assert f"select.rule=one_se refits trial 0, within one standard error of trial {best}, the best" in done.stdout


def test_a_rule_without_its_runs_is_refused(tmp_path):
    for word in ("certify=none", "folds=none"):
        done = run("tune", *WORDS, word, runs=tmp_path / "runs")
        assert done.returncode == 2
        assert "select.rule: fresh trains the best trials again" in done.stderr
    assert not (tmp_path / "runs").exists()

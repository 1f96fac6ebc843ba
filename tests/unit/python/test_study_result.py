"""A study as Python holds it, and what a notebook shows of it."""

import math
from contextlib import closing

import pandas as pd
import pytest
from PIL import Image

import foldwise
from foldwise.config.template import split
from foldwise.errors import ConfigError, JobError
from foldwise.ledger.ledger import open_ledger
from foldwise.python.study_result import StudyResult
from foldwise.spec.goal import Goal
from foldwise.trial.certificate import Certificate
from foldwise.trial.result import FoldScore, TrialResult
from foldwise.trial.summary import BestTrial
from tests.contract.ledgers import finish, new_study, summary

GOAL = Goal("rmse", "minimize")
SPACE = split({"units": ["int", 8, 64], "rate": ["float", 0.0, 1.0], "word": ["choice", "<b>", "y"]}, "model")[1]
CERTIFIED = {"kind": "bbc", "looks": 3, "score": 1.25, "low": 1.0, "high": 1.5, "optimism": 0.05, "predictions": 3}


def _trial(number, mean, **changes):
    params = {"model.units": 8 + number, "model.rate": 0.5, "model.word": "<b>"}
    folds = tuple(FoldScore(place, mean, {}, {}, 3, 0.1) for place in range(2))
    values = {"folds": folds, "mean": mean, "sd": 0.1, "seconds": 1.5, **changes}
    return TrialResult(number, params, **{"state": "COMPLETE", **values})


TRIALS = [
    _trial(0, 1.4),
    _trial(1, 1.2),
    _trial(2, math.nan, state="FAILED", folds=(), reason="nan: no"),
    *(_trial(number, 1.2 + number / 10) for number in range(3, 9)),
]


def _study(tmp_path, name="mine", **changes):
    found = summary(
        study=name,
        goal=GOAL,
        best=BestTrial(1, TRIALS[1].params, 1.2, 0.1, (1.2, 1.2)),
        holdout=None,
        verdict="<i>the baseline</i> is as good",
        certificate=Certificate(trial=1, ties=(0,), **CERTIFIED),
    )
    values = {"recipe": {"model": {"units": ["int", 8, 64]}, "seed": 0}, "found": found, "results": TRIALS, "space": SPACE}
    return StudyResult(name, GOAL, folder=tmp_path / name, **{**values, **changes})


def test_the_leaderboard_has_the_best_first_and_marks_ties(tmp_path):
    board = _study(tmp_path).leaderboard()
    assert list(board)[:6] == ["trial", "score", "sd", "tied", "seconds", "state"]
    assert list(board)[-1] == "reason"
    assert board["trial"].tolist() == [1, 0, *range(3, 9), 2]
    assert board.set_index("trial")["tied"].to_dict() == {number: number in (0, 1) for number in range(9)}
    assert board["model.units"].tolist()[:2] == [9, 8]
    assert board["reason"].tolist()[-1] == "nan: no"
    unfinished = _study(tmp_path, found=None, results=TRIALS[:2]).leaderboard()
    assert unfinished["tied"].isna().all()
    assert "reason" not in unfinished


def test_reprs_are_one_short_line(tmp_path):
    study = _study(tmp_path)
    assert repr(study) == (
        "<study mine: 8 complete trials, best trial 1 with rmse 1.2000 ± 0.1000; <i>the baseline</i> is as good>"
    )
    assert repr(study.best) == "<trial 1: COMPLETE, 1.2 ± 0.1, 1.5 s; model.units=9, model.rate=0.5, model.word=<b>>"
    assert repr(TRIALS[2]).startswith("<trial 2: FAILED, nan: no, 1.5 s; ")
    assert repr(_study(tmp_path, found=None)).endswith("; not finished>")


def test_html_has_verdict_five_trials_small_pictures_and_links_all_escaped(tmp_path, monkeypatch):
    study = _study(tmp_path, "mine")
    monkeypatch.chdir(tmp_path)
    (study.folder / "figures").mkdir(parents=True)
    (study.folder / "compare.html").touch()
    for name in ("history", "importance", "slices"):
        Image.new("RGB", (2400, 1200), "white").save(study.folder / "figures" / f"{name}.png")
    text = study._repr_html_()
    assert "&lt;i&gt;the baseline&lt;/i&gt; is as good" in text
    assert "<i>" not in text
    assert "model.word=&lt;b&gt;" in text
    assert text.count("model.units=") == 5
    assert ">0 (tied)<" in text
    assert text.count("data:image/png;base64,") == 2
    assert 'href="mine/compare.html"' in text
    assert "corrected for the choice among 3 trials: 1.2500" in text
    monkeypatch.chdir("/")
    assert (study.folder / "compare.html").as_uri().partition("://")[2].lstrip("/") in study._repr_html_()
    assert list(study.figures) == ["history", "importance", "slices"]
    assert study.figures["history"]._repr_png_().startswith(b"\x89PNG")
    assert study.figures._repr_html_().count("<img") == 3
    with pytest.raises(KeyError, match="histroy"):
        study.figures["histroy"]


def test_an_unfinished_study_shows_its_trials_and_says_so(tmp_path):
    study = _study(tmp_path, found=None)
    assert "The study is not finished" in study._repr_html_()
    for part in ("summary", "verdict", "bundle", "model"):
        with pytest.raises(JobError, match=r"not finished|when a study ends"):
            getattr(study, part)
    assert "has no pictures" in study.figures._repr_html_()


@pytest.mark.parametrize("name", ["oof", "importance"])
def test_a_table_that_is_not_there_is_an_error_that_says_why(tmp_path, name):
    study = _study(tmp_path)
    with pytest.raises(JobError, match="those of an earlier version"):
        getattr(study, name)()
    study.folder.mkdir()
    table = pd.DataFrame({"column": ["a"], "importance": [0.5]})
    table.to_csv(study.folder / "importance.csv", index=False)
    table.to_parquet(study.folder / "oof.parquet")
    pd.testing.assert_frame_equal(getattr(study, name)(), table)


def test_two_studies_are_compared_by_scores_and_by_what_differs(tmp_path):
    other = _study(tmp_path, "other", recipe={"model": {"units": 8}, "seed": 0}, found=None)
    both = _study(tmp_path).compare(other)
    assert list(both) == ["mine", "other"]
    assert both.loc["score"].tolist() == [1.2, 1.2]
    assert both.loc["corrected score"].tolist() == [1.25, None]
    assert both.loc["model.units"].tolist() == ["[int, 8, 64]", "8"]
    assert "seed" not in both.index
    assert list(other.compare(other)) == ["other", "other (other)"]


def test_a_study_is_opened_by_name_finished_or_not(tmp_path):
    where = f"paths.runs={tmp_path}"
    with pytest.raises(ConfigError, match=r"holds no ledger\.db"):
        foldwise.open_study("iris-1", where)
    with closing(open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")) as ledger:
        new_study(ledger)
        finish(ledger, "iris-1", TRIALS[0])
    study = foldwise.open_study("iris-1", where)
    assert (study.name, study.found, len(study.results)) == ("iris-1", None, 1)
    assert study.folder == tmp_path / "studies" / "iris-1"
    assert [name for name, _ in study.space.walk()] == ["model.units"]
    assert foldwise.open_study("iris-1", f"ledger.url=sqlite:///{tmp_path / 'ledger.db'}").results[0].mean == 1.4
    with pytest.raises(ConfigError, match="no study 'iris-2', did you mean iris-1"):
        foldwise.open_study("iris-2", where)
    with pytest.raises(ConfigError, match=r"fit\.epochs: a study that is opened has its configuration"):
        foldwise.open_study("iris-1", where, "fit.epochs=3")

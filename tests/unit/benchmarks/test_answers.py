"""The contest: it goes on where it was stopped, compares split by split, and holds verdicts against untouched rows."""

import argparse
import sys

import numpy as np
import pytest

from benchmarks.answer_log import Log
from benchmarks.answer_report import compared, show, verdicts
from benchmarks.answers import contest, judged
from benchmarks.contestants import BOOSTING, FORMER, FORMER_KEYS, OURS


def record(split, who, score, **more):
    costs = {"seconds": 2.0, "processor": 3.0, "peak_mb": 100.0}
    scores = {"log_loss": 1 - score, "accuracy": score}
    return {"table": "iris", "split": split, "contestant": who, **costs, "train": 135, "test": 15, "scores": scores, **more}


def failed(split, who):
    return {"table": "iris", "split": split, "contestant": who, "processor": 1.0, "seconds": 1.0, "error": "exit code 1: no"}


def losses(wrong, rows=100):
    return (np.arange(rows) < wrong).astype(float)


def test_a_log_opens_with_what_it_had_and_a_line_cut_off_by_a_kill_is_run_again(tmp_path):
    log = Log(tmp_path)
    log.add(record(0, OURS, 0.9), losses(10))
    log.add(failed(0, BOOSTING), None)
    text = log.path.read_text()
    log.path.write_text(text + text[: len(text) // 3])
    opened = Log(tmp_path)
    assert opened.known == log.known
    assert opened.losses("iris", 0, OURS).sum() == 10
    assert opened.has("iris", 0, BOOSTING)
    assert not opened.has("iris", 0, BOOSTING, again=True)
    assert not opened.has("iris", 1, OURS)
    opened.add(record(1, OURS, 0.8), losses(20))
    assert set(Log(tmp_path).known) == {("iris", 0, OURS), ("iris", 0, BOOSTING), ("iris", 1, OURS)}


def test_only_splits_that_both_have_are_compared(tmp_path):
    log = Log(tmp_path)
    for split, (ours, theirs) in enumerate([(0.9, 0.8), (0.92, 0.81), (0.91, 0.8), (0.1, None)]):
        log.add(record(split, OURS, ours), losses(10))
        log.add(failed(split, FORMER) if theirs is None else record(split, FORMER, theirs), losses(20))
    found = compared(log, "iris", "accuracy")
    assert list(found) == [FORMER]
    assert (found[FORMER].splits, found[FORMER].said) == (3, "better")
    assert compared(log, "iris", "log_loss")[FORMER].difference == pytest.approx(found[FORMER].difference)


def test_a_verdict_that_untouched_rows_contradict_is_found(tmp_path):
    log = Log(tmp_path)
    cases = [("better", 4.1), ("better", 0.5), ("worse", 3.0), ("no difference shown", 2.5)]
    for split, (answer, ahead) in enumerate(cases):
        log.add(record(split, OURS, 0.9, answer=answer, verdict=f"it is {answer}"), losses(30))
        log.add(record(split, BOOSTING, 0.9, ahead=ahead), losses(10))
    log.add(record(4, OURS, 0.9, answer="better", verdict="no rival yet"), losses(90))
    found = verdicts(log)
    assert (found["checked"], found["boosting_better"]) == (4, 3)
    assert found["wrong"] == ["iris 0: it is better"]


def test_the_report_says_how_many_splits_stand_behind_a_line(tmp_path, capsys):
    log = Log(tmp_path)
    for split in range(3):
        log.add(record(split, OURS, 0.9 + split / 100, answer=None), losses(10))
        if split < 2:
            log.add(record(split, "realmlp", 0.95, learned=100), losses(5))
    log.add(failed(0, "tabm"), None)
    capsys.readouterr()
    show(log, ["iris", "wine"])
    text = capsys.readouterr().out
    assert "| iris, accuracy (3) " in text
    assert "wine" not in text
    row = next(line for line in text.splitlines() if "iris, accuracy" in line)
    assert "level -0.0450 ± " in row
    assert "(2), 5,000 rows" in row
    assert "failed" in row


def test_scores_of_labels_and_numbers():
    probabilities = np.array([[0.8, 0.2], [0.4, 0.6], [0.3, 0.7]])
    truth, answers = np.array(["no", "no", "yes"]), np.array(["no", "yes", "yes"])
    scores, wrong = judged(("log_loss", "accuracy"), ["no", "yes"], truth, probabilities, answers)
    assert scores["accuracy"] == pytest.approx(2 / 3)
    assert scores["log_loss"] == pytest.approx(-np.log([0.8, 0.4, 0.7]).mean())
    assert wrong.tolist() == [0, 1, 0]
    scores, errors = judged(("rmse",), [], np.array([1.0, 2.0]), None, np.array([1.0, 4.0]))
    assert scores["rmse"] == pytest.approx(2**0.5)
    assert errors.tolist() == [0.0, 4.0]


def test_boosting_is_compared_with_foldwise_row_by_row(tmp_path, monkeypatch):
    wrong = {OURS: 30, BOOSTING: 10}

    def one(who, *given):
        found = record(0, who, 0.9)
        return {key: found[key] for key in found if key not in ("table", "split", "contestant")}, losses(wrong[who])

    monkeypatch.setattr("benchmarks.answers.one", one)
    asked = argparse.Namespace(tables=["iris"], contestants=[OURS, BOOSTING], splits=1, again=False)
    contest(asked, Log(tmp_path))
    known = Log(tmp_path).known
    assert known["iris", 0, BOOSTING]["ahead"] == pytest.approx(0.2 / (losses(20).std(ddof=1) / 10))
    assert "ahead" not in known["iris", 0, OURS]


@pytest.mark.long
def test_a_second_start_runs_only_what_is_missing(tmp_path, capsys):
    asked = argparse.Namespace(
        tables=["iris"], contestants=[BOOSTING], splits=1, python=sys.executable, limit=120.0, again=False
    )
    contest(asked, Log(tmp_path))
    first = capsys.readouterr().out
    assert first.startswith("iris 0 boosting")
    log = Log(tmp_path)
    kept = log.known["iris", 0, BOOSTING]
    assert kept["scores"]["accuracy"] > 0.8
    assert kept["processor"] > 0
    assert len(log.losses("iris", 0, BOOSTING)) == 15
    assert "ahead" not in kept  # there is nothing to compare it with
    contest(asked, log)
    assert capsys.readouterr().out == ""
    asked.contestants = [BOOSTING, "flaml"]  # has foldwise's seconds, and foldwise has not run
    contest(asked, log)
    assert "waits for the seconds of foldwise" in capsys.readouterr().err
    assert len(Log(tmp_path).known) == 1


def test_the_former_default_is_the_study_that_it_was():
    from foldwise.config.read import read_study
    from foldwise.doors.compose import compose_study

    # the name that `foldwise tune data=iris` gave when model=mlp was the default
    assert read_study(compose_study(["data=iris", *FORMER_KEYS])).name == "iris-56e28bef"

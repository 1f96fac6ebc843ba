"""Ours and theirs get the same rows, and the report says how far apart they are."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.answer_log import Log
from benchmarks.answer_tables import CLASSES, BenchmarkTable, outer_splits
from benchmarks.reference_tabular import OURS, THEIRS, show, write_sides


def made(rows=200):
    draws = np.random.default_rng(0)
    x = draws.normal(size=rows)
    x[::7] = np.nan
    return pd.DataFrame({"id": np.arange(rows), "x": x, "y": np.where(np.arange(rows) % 4 == 0, "yes", "no")})


def test_both_train_validate_and_test_on_the_same_rows(tmp_path):
    frame = made()
    table = BenchmarkTable(lambda: frame, "y", CLASSES)
    outer = outer_splits(frame, table)[0]
    sided = pd.read_csv(write_sides(tmp_path, "made", table, frame, outer, seed=3))
    train, rows, valid = pd.read_csv(tmp_path / "made.csv"), pd.read_csv(tmp_path / "rows.csv"), np.load(tmp_path / "valid.npy")
    theirs = {
        "validation": train["id"].iloc[valid],
        "train": train["id"].drop(index=train.index[valid]),
        "test": rows["id"],
    }
    for side, ids in theirs.items():
        assert sorted(sided["id"][sided["side"] == side]) == sorted(ids), side
    assert len(valid) == 36
    assert (sided["y"][sided["side"] == "validation"] == "yes").mean() == pytest.approx(0.25)


def test_gaps_have_the_median_of_the_rows_that_train(tmp_path):
    frame = made()
    table = BenchmarkTable(lambda: frame, "y", CLASSES)
    sided = pd.read_csv(write_sides(tmp_path, "made", table, frame, outer_splits(frame, table)[0], seed=3))
    filled = sided["x"][frame["x"].isna()]
    assert filled.nunique() == 1
    assert filled.iloc[0] == pytest.approx(frame["x"][sided["side"] == "train"].median())


def test_the_report_has_the_ratio_of_mean_errors_of_splits_that_both_have(tmp_path, capsys):
    log = Log(tmp_path)
    for split, (ours, theirs) in enumerate([(0.22, 0.2), (0.2, 0.2), (0.9, None)]):
        for side, error in ((OURS, ours), (THEIRS, theirs)):
            found = {"error": "exit code 1"} if error is None else {"scores": {"error": error}}
            costs = {"processor": 1.0, "train": 80, "test": 20}
            log.add({"table": "digits", "split": split, "contestant": side, **costs, **found}, None)
    capsys.readouterr()
    show(log, ["digits", "titanic"])
    text = capsys.readouterr().out
    assert "| digits (2)" in text
    assert "+5.0%" in text
    assert "mean over 1 tables: +5.0%" in text

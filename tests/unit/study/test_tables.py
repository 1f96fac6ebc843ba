import math

import pandas as pd
import pytest

from foldwise.study import tables as study_tables
from foldwise.study.tables import write_curves
from foldwise.trial.result import FoldScore, TrialResult


def fold(number, **curves):
    return FoldScore(number, 0.5, {}, curves, 1, 0.0)


def test_every_point_of_every_curve_is_there(tmp_path, monkeypatch):
    monkeypatch.setattr(study_tables, "CURVE_ROWS", 3)  # so that parts are written one after the other
    results = [
        TrialResult(0, {}, "COMPLETE", (fold(0, loss=(3.0, 2.0, 1.0), val_loss=(4.0, math.nan, 2.0)), fold(1, loss=(5.0,)))),
        TrialResult(2, {}, "FAILED"),
        TrialResult(3, {}, "STOPPED", (fold(0, loss=(7.0, 8.0), learning_rate=(0.1, 0.2)),)),
    ]
    write_curves(tmp_path / "curves.parquet", results)
    frame = pd.read_parquet(tmp_path / "curves.parquet")
    assert frame[["trial", "fold", "epoch", "loss"]].values.tolist() == [
        [0, 0, 1, 3.0],
        [0, 0, 2, 2.0],
        [0, 0, 3, 1.0],
        [0, 1, 1, 5.0],
        [3, 0, 1, 7.0],
        [3, 0, 2, 8.0],
    ]
    assert frame["learning_rate"].tolist()[-2:] == [0.1, 0.2]
    assert frame["learning_rate"].isna().sum() == 4
    assert frame["val_loss"].tolist()[0] == pytest.approx(4.0)


def test_a_study_without_a_curve_has_an_empty_table(tmp_path):
    write_curves(tmp_path / "curves.parquet", [TrialResult(0, {}, "FAILED")])
    assert len(pd.read_parquet(tmp_path / "curves.parquet")) == 0

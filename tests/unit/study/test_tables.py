import math

import pandas as pd
import pytest

from foldwise.config.read import read_study
from foldwise.study import tables as study_tables
from foldwise.study.plan import plan_study
from foldwise.study.tables import write_curves, write_trials
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


def test_a_choice_of_mappings_has_a_column_with_readable_names(tmp_path):
    models = [{"kind": "mlp", "hidden": depth} for depth in (1, 3)]
    spec = read_study({"data": {"kind": "sklearn", "name": "iris"}, "model": ["choice", *models]})
    results = [TrialResult(number, {"model": f"option{number}"}, "FAILED") for number in (0, 1)]
    write_trials(tmp_path / "trials.parquet", results, plan_study(spec))
    frame = pd.read_parquet(tmp_path / "trials.parquet")
    assert frame["model"].tolist() == ["option0", "option1"]
    assert frame["model.label"].tolist() == ["1 layer", "3 layers"]

"""What a finished trial rests on: what is written, what is left out, and that faults lose nothing."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from foldwise.config.read import read_study
from foldwise.errors import DiskFull, Interrupted
from foldwise.study.deadline import Deadline
from foldwise.study.plan import plan_study

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tensorflow_started")]


def plan_of(folder, data=None, **changes):
    config = {
        "data": data or {"kind": "sklearn", "name": "wine"},
        "paths": {"runs": str(folder)},
        "model": {"kind": "mlp", "units": 8},
        "fit": {"epochs": 5, "batch_size": 16},
        "folds": {"count": 3},
        "tracking": {"kind": "mlflow"},
    }
    plan = plan_study(read_study({**config, **changes}))
    plan.folder.mkdir(parents=True, exist_ok=True)
    return plan


def trained(plan):
    from foldwise.study import out_of_fold
    from foldwise.training.cross_validate import cross_validate

    result = cross_validate(plan.job(0, {}), plan.table, plan.splits)
    assert result.state == "COMPLETE", result.reason
    out_of_fold.keep(plan, result, [])
    return result


def parts_of(stop=lambda: None, deadline=None):
    notes = []
    watcher = SimpleNamespace(note=notes.append)
    return SimpleNamespace(watcher=watcher, raise_if_asked_to_end=stop, deadline=deadline or Deadline()), notes


def explained(plan, trial, results=(), **changes):
    from foldwise.study.explain import explain

    parts, notes = parts_of(**changes)
    return explain(plan, trial, results, parts), notes


FILES = {"importance.csv", "levels.csv", "worst_rows.csv", "columns.png", "dependence.png", "levels.png"}


def written(plan):
    return {path.name for path in plan.folder.rglob("*") if path.suffix in (".csv", ".png")}


def test_tables_and_figures_are_written_and_the_columns_are_said(tmp_path):
    plan = plan_of(tmp_path, explain={"repeats": 3, "more_rows": True})
    found, notes = explained(plan, trained(plan))
    assert written(plan) == {*FILES, "more_rows.csv", "more_rows.png"}
    assert notes[0] == found.sentence
    assert notes[1].startswith("more rows: from ")
    table = pd.read_csv(plan.folder / "importance.csv")
    assert set(table["column"]) == set(plan.table.schema.names)
    assert (table["importance"].diff().dropna() <= 0).all()
    assert found.repeats == 3
    assert found.rows == len(plan.development)
    rows = pd.read_csv(plan.folder / "worst_rows.csv")
    assert len(rows) == 20
    np.testing.assert_allclose(rows["alcohol"], plan.table.raw["alcohol"].iloc[rows["row"]])


def test_it_is_the_same_again(tmp_path):
    plan = plan_of(tmp_path, tracking={"kind": "in_memory"})
    trial = trained(plan)
    first, _ = explained(plan, trial)
    assert explained(plan, trial)[0] == first
    assert written(plan) == {"importance.csv", "levels.csv", "worst_rows.csv"}


def test_of_a_wide_table_the_columns_that_matter_are_measured_with_their_groups(tmp_path):
    draws = np.random.default_rng(0)
    x = pd.DataFrame(draws.normal(size=(400, 30)), columns=[f"x{n}" for n in range(30)]).assign(again=lambda rows: -rows["x9"])
    x["y"] = np.where(x["x9"] + 0.7 * x["x4"] > 0, "yes", "no")
    x.to_csv(tmp_path / "rows.csv", index=False)
    data = {"kind": "csv", "path": str(tmp_path / "rows.csv"), "target": "y"}
    plan = plan_of(tmp_path, data, explain={"columns": 4, "rows": 150, "worst": 0}, fit={"epochs": 40})
    found, notes = explained(plan, trained(plan))
    one = found
    assert [unit.columns for unit in one.ranked[:2]] == [("x9", "again"), ("x4",)]
    assert (len(one.columns), one.of) == (4, 31)
    assert one.rows <= 150
    assert "x9 (with again)" in notes[0]
    assert not (plan.folder / "worst_rows.csv").exists()


@pytest.mark.parametrize("changes", [{"explain": "none"}, {"folds": {"kind": "none"}}], ids=["none", "same rows"])
def test_nothing_is_said_unasked_and_files_of_an_earlier_end_go(tmp_path, changes):
    plan = plan_of(tmp_path, **changes)
    (plan.folder / "importance.csv").write_text("old")
    found, notes = explained(plan, SimpleNamespace())
    assert (found, notes, written(plan)) == (None, [], set())


def test_pixels_have_no_importance_and_no_noise(tmp_path):
    draws = np.random.default_rng(0)
    images, labels = draws.integers(0, 255, (60, 4, 4), dtype=np.uint8), np.arange(60) % 2
    images[labels == 1] //= 4
    np.savez(tmp_path / "images.npz", x=images, y=labels)
    data = {"kind": "npz", "path": str(tmp_path / "images.npz"), "images": "x", "labels": "y"}
    plan = plan_of(tmp_path, data)
    found, notes = explained(plan, trained(plan))
    assert found is None
    assert notes == []
    assert written(plan) == {"levels.csv", "levels.png", "worst_rows.csv"}


def test_a_fault_is_reported_and_the_rest_goes_on(tmp_path, monkeypatch):
    from foldwise.study import explain

    def fault(*_):
        raise ValueError("odd")

    monkeypatch.setattr(explain, "level_scores", fault)
    plan = plan_of(tmp_path)
    found, notes = explained(plan, trained(plan))
    assert notes[0] == "scores by level: could not be found: odd"
    assert found is not None


@pytest.mark.parametrize("fault", [DiskFull("full"), Interrupted("stop")], ids=lambda fault: type(fault).__name__)
def test_a_full_disk_and_a_stop_end_the_start(tmp_path, monkeypatch, fault):
    from foldwise.study import explain

    def raises(*_):
        raise fault

    monkeypatch.setattr(explain, "worst_rows", raises)
    plan = plan_of(tmp_path)
    with pytest.raises(type(fault)):
        explained(plan, trained(plan))


def test_a_stop_ends_the_training_of_the_folds(tmp_path):
    plan = plan_of(tmp_path)
    trial, calls = trained(plan), []

    def stop():
        calls.append(0)
        if len(calls) > 10:
            raise Interrupted("stop")

    with pytest.raises(Interrupted):
        explained(plan, trial, stop=stop)


@pytest.mark.long
def test_what_would_take_too_long_is_left_out_and_said(tmp_path):
    from dataclasses import replace

    plan = plan_of(tmp_path)
    trial = replace(trained(plan), seconds=500.0)
    found, notes = explained(plan, trial)
    assert found is None
    assert "worst_rows.csv" in written(plan)
    assert notes == [
        "importance of columns: left out, as to train trial 0 again takes about 8 min; explain.kind=full measures it"
    ]
    assert explained(plan, trial, [trial] * 12)[0] is not None  # a tenth of a long search
    full = plan_of(tmp_path, explain="full")
    assert explained(full, trial)[0] is not None


def test_where_the_time_of_the_job_is_over_little_is_said(tmp_path):
    plan = plan_of(tmp_path)
    found, notes = explained(plan, trained(plan), deadline=Deadline(seconds=1.0))
    assert found is None
    assert "worst_rows.csv" not in written(plan)
    assert len(notes) == 1
    assert "budget.seconds" in notes[0]


def test_predictions_that_were_not_kept_are_made_again(tmp_path):
    plan = plan_of(tmp_path, certify={"kind": "none"}, answers={"calibrate": False})
    found, _ = explained(plan, trained(plan))
    assert found is not None
    assert len(pd.read_csv(plan.folder / "worst_rows.csv")) == 20


def test_the_importance_is_part_of_the_summary(tmp_path):
    from dataclasses import replace

    from benchmarks.made_search import SUMMARY
    from foldwise.trial.summary import StudySummary
    from tests.unit.trial.test_importance import column
    from tests.unit.trial.test_importance import found as importance

    summary = replace(SUMMARY, importance=importance([column("a", 0.1, 0.05)]))
    assert StudySummary.from_json(json.loads(json.dumps(summary.to_json()))) == summary
    assert "importance" not in SUMMARY.to_json()

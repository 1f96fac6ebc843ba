"""train, prepare, ui and the functions of the package."""

import json
import re

import pytest

from tests.end_to_end.doors import SMALL, only_study, python, run, summary


def test_prepare_shows_the_data_and_trains_nothing(tmp_path):
    runs = tmp_path / "runs"
    done = run("prepare", "data=wine", runs=runs)
    assert done.returncode == 0, done.stderr
    shown = json.loads((only_study(runs) / "prepare.json").read_text())
    assert shown["task"] == "multiclass"
    assert shown["rows"]["development"] + shown["rows"]["holdout"] == 178
    assert len(shown["folds"]) == 10
    assert len(shown["prepared"]["first_rows"][0]) == len(shown["prepared"]["features"]) == 13
    assert not (runs / "ledger.db").exists()
    assert "class_0" in done.stdout
    assert str(only_study(runs) / "classes.png") in done.stdout


def test_prepare_shows_what_the_audit_found_and_a_strict_audit_ends_with_2_before_anything_is_written(tmp_path):
    rows = [f"{n % 7},{n * 37 % 101},{'yes' if n % 2 else 'no'},{n % 2}" for n in range(200)]
    (tmp_path / "rows.csv").write_text("\n".join(["a,b,outcome,y", *rows]))
    asked, runs = ["data=csv", f"data.path={tmp_path / 'rows.csv'}", "data.target=y"], tmp_path / "runs"
    strict = run("prepare", *asked, "audit.strict=true", runs=runs)
    assert strict.returncode == 2
    assert "audit.strict: 1 leak" in strict.stderr
    assert "target (outcome)" in strict.stderr
    assert len(strict.stderr.strip().splitlines()) == 1
    assert not runs.exists()
    done = run("prepare", *asked, runs=runs)
    assert done.returncode == 0, done.stderr
    told = next(line for line in done.stdout.splitlines() if line.startswith("leak"))
    assert "data.drop=[outcome]" in told
    first = json.loads((only_study(runs) / "prepare.json").read_text())["findings"][0]
    assert (first["level"], first["check"], first["columns"]) == ("leak", "target", ["outcome"])
    assert run("prepare", *asked, "audit.strict=true", "data.drop=[outcome]", runs=tmp_path / "others").returncode == 0


def test_prepare_shows_classes_before_and_after_balancing(tmp_path):
    runs = tmp_path / "runs"
    done = run("prepare", "data=breast_cancer", "folds.count=3", "balance=smote", "balance.ratio=0.8", runs=runs)
    assert done.returncode == 0, done.stderr
    shown = json.loads((only_study(runs) / "prepare.json").read_text())
    for fold in shown["folds"]:
        before, after = (fold[side]["target_values"] for side in ("train", "balanced"))
        assert after["benign"] == before["benign"]
        assert after["malignant"] == round(0.8 * before["benign"]) > before["malignant"]
        assert fold["balanced"]["rows"] == sum(after.values())
    assert "fold 0 balanced" in done.stdout
    refused = run("prepare", "data=diabetes", "balance=[choice,none,smote]", runs=runs)
    assert refused.returncode == 2
    assert "balance.kind: smote is for classes, and target is a number to predict; use none" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1


@pytest.mark.slow
def test_train_takes_every_default_and_says_so(tmp_path):
    runs = tmp_path / "runs"
    done = run("train", "data=diabetes", "tracking=in_memory", *SMALL, runs=runs)
    assert done.returncode == 0, done.stderr
    assert "every range takes its default: model.units=10" in done.stdout
    text = (only_study(runs) / "network.txt").read_text()
    assert text.rstrip() in done.stdout
    assert "Total params: 121" in text  # 10 columns, 10 units, one output
    assert re.search(r"Trained for \d epochs? of 12 steps, on 354 rows", text)
    found = summary(runs)
    assert found["trials"] == {"asked": 1, "complete": 1, "stopped": 0, "failed": 0}
    assert found["task"] == "regression"
    assert {"mse", "rmse", "mae", "r2"} == set(found["holdout"]["metrics"])
    assert found["holdout"]["metrics"]["rmse"] > 20  # in the target's own unit, not standardised


PROGRAM = """
import foldwise, sklearn.datasets
result = foldwise.tune("data=iris", {small}, budget={{"trials": 2}}, paths={{"runs": {runs!r}}})
assert result.best.number in (0, 1)
assert len(result.trials()) == 2
assert len(result.to_optuna().trials) == 2
assert "<table>" in result._repr_html_()
assert result.verdict in repr(result)
frame = sklearn.datasets.load_iris(as_frame=True).data
answers = foldwise.load("iris@champion", runs={runs!r}).predict(frame)
assert len(answers) == 150
again = foldwise.tune("data=iris", {small}, "budget.trials=2", paths={{"runs": {runs!r}}})
assert again.summary == result.summary
print("all well")
"""


@pytest.mark.long
@pytest.mark.slow
def test_the_doors_are_functions_of_the_package(tmp_path):
    small = ", ".join(repr(word) for word in SMALL)
    program = PROGRAM.format(small=small, runs=str(tmp_path / "runs"))
    done = python("-c", program, cwd=tmp_path)
    assert done.stdout.strip().endswith("all well"), done.stderr


def test_ui_of_a_folder_without_studies_says_so(tmp_path):
    done = run("ui", runs=tmp_path / "runs")
    assert done.returncode == 2
    assert "run python -m pipelines.tune first" in done.stderr

"""What the door says of the columns of a table in which it is known which matter."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from tests.end_to_end.doors import only_study, run, summary

pytestmark = pytest.mark.slow

QUICK = ["folds.count=5", "fit.epochs=25", "model.units=16", "model.hidden=1", "budget.trials=2", "baselines=[logistic]"]
MATTER = {"x3": 3.0, "x7": 1.6, "x1": 0.8}


@pytest.fixture(scope="module")
def planted():
    """Ten columns, of which three matter, each about half as much as the one before."""
    draws = np.random.default_rng(0)
    rows = pd.DataFrame(draws.normal(size=(1500, 10)).round(4), columns=[f"x{n}" for n in range(10)])
    scores = sum(weight * rows[name] for name, weight in MATTER.items())
    return rows.assign(y=np.where(draws.random(len(rows)) < 1 / (1 + np.exp(-scores)), "yes", "no"))


def tuned(rows, folder, *words):
    rows.to_csv(folder / "rows.csv", index=False)
    source = ["data=csv", f"data.path={folder / 'rows.csv'}", "data.target=y"]
    done = run("tune", *source, *QUICK, *words, runs=folder / "runs")
    assert done.returncode == 0, done.stderr
    return done.stdout


def said(output):
    """The columns that matter, in the order in which the screen names them."""
    (line,) = re.findall(r"^columns that matter most: (.+?) \(how much", output, re.MULTILINE)
    return [part.rsplit(" ", 1)[0] for part in line.split(", ")]


@pytest.mark.long
def test_the_columns_that_matter_are_named_in_their_order(planted, tmp_path):
    output = tuned(planted, tmp_path)
    assert said(output) == list(MATTER)
    assert output.index("Verdict: ") < output.index("columns that matter most")
    folder, found = only_study(tmp_path / "runs"), summary(tmp_path / "runs")["importance"]
    assert [one["name"] for one in found["columns"][:3]] == list(MATTER)
    assert all(one["low"] < 0.01 for one in found["columns"][3:])
    assert found["groups"] == []
    assert pd.read_csv(folder / "importance.csv")["column"].tolist() == [one["name"] for one in found["columns"]]
    assert {path.name for path in folder.joinpath("figures").glob("*.png")} >= {"columns.png", "dependence.png", "levels.png"}
    page = folder.joinpath("compare.html").read_text()
    worst = pd.read_csv(folder / "worst_rows.csv")
    assert "Rows with the largest loss" in page
    assert page.index("<th>x3</th>") < page.index("<th>x7</th>") < page.index("<th>x1</th>") < page.index("<th>x0</th>")
    assert f"<td>{worst['row'][0]:,}</td>" in page or f"<td>{worst['row'][0]}</td>" in page


@pytest.mark.long
def test_a_copied_column_is_named_with_the_one_that_it_copies(planted, tmp_path):
    rows = planted.copy()
    rows.insert(2, "again", 10 - 2 * rows["x7"])
    output = tuned(rows, tmp_path, "tracking.figures=false")
    assert said(output) == ["x3", "again (with x7)", "x1"]
    found = summary(tmp_path / "runs")["importance"]
    (group,) = found["groups"]
    assert group["columns"] == ["again", "x7"]
    each = {one["name"]: one for one in found["columns"]}
    assert each["again"]["group"] == each["x7"]["group"] == 0
    assert max(each["again"]["importance"], each["x7"]["importance"]) < group["importance"]
    assert not only_study(tmp_path / "runs").joinpath("figures").exists()
    table = pd.read_csv(only_study(tmp_path / "runs") / "importance.csv").set_index("column")
    assert table.loc["x7", "group"] == table.loc["again", "group"] == "again + x7"


@pytest.mark.long
def test_the_same_study_is_told_without_it(planted, tmp_path):
    output = tuned(planted.iloc[:200], tmp_path, "explain=none", "fit.epochs=2", "tracking=in_memory")
    assert "matter" not in output
    folder = only_study(tmp_path / "runs")
    assert not list(folder.glob("*.csv"))
    assert "importance" not in json.loads((folder / "summary.json").read_text())


@pytest.mark.parametrize(
    ("word", "rule"),
    [
        ("explain.kind=some", "explain.kind"),
        ("explain.repeats=0", "explain.repeats"),
        ("explain.rows=5", "explain.rows"),
        ("explain.columns=few", "explain.columns"),
        ("explain.more_rows=3", "explain.more_rows"),
        ("explain.worse=3", "explain.worse"),
    ],
)
def test_a_bad_value_is_refused_in_one_sentence(tmp_path, word, rule):
    done = run("tune", "data=iris", word, runs=tmp_path / "runs")
    assert done.returncode == 2
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1
    assert rule in lines[0]
    assert not (tmp_path / "runs").exists()

"""A study's model card: in the bundle, in MLflow, and for a challenger too."""

from __future__ import annotations

import random

import pytest

from tests.end_to_end.doors import SMALL, only_study, run

EVIL = "<b>size|</b>"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The runs of a study whose table has odd names, and the file of its rows."""
    folder = tmp_path_factory.mktemp("card")
    path, rng = folder / "rows.csv", random.Random(2)
    lines = [f"{EVIL},sex,kept,answer"]
    for _ in range(160):
        size = rng.gauss(0, 1)
        lines.append(
            f"{size:.3f},{rng.choice('fm')},{rng.random():.3f},{'<i>yes</i>' if size + rng.gauss(0, 0.5) > 0 else 'no'}"
        )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    words = [f"data.path={path}", "data.target=answer", "data.drop=[sex]", "card.slices=[sex]", "budget.trials=2", *SMALL]
    done = run("tune", "data=csv", *words, runs=folder / "runs")
    assert done.returncode == 0, done.stderr
    return folder / "runs", path, words


@pytest.mark.long
def test_the_card_has_scores_by_level_limits_and_calls_and_is_in_mlflow(runs):
    folder = only_study(runs[0])
    text = (folder / "bundle" / "model_card.md").read_text(encoding="utf-8")
    headings = [line[3:] for line in text.splitlines() if line.startswith("## ")]
    assert headings == [
        *("What it answers", "Data", "Preparation", "Network", "Scores"),
        *("Scores by level", "Limits", "How to call it", "Made"),
    ]
    assert r"| &lt;b&gt;size\|&lt;/b&gt; | number | 0 % |" in text
    levels = {line.split(" | ")[0]: line.split(" | ")[1:] for line in text.splitlines() if line.startswith(("| f |", "| m |"))}
    held = int(text.partition("on the holdout (")[2].split()[0])
    assert sum(int(counts[0]) for counts in levels.values()) == held
    assert "accuracy corrected for the search" in text
    assert "foldwise predict model=rows@champion" in text
    page = (folder / "bundle" / "model_card.html").read_text(encoding="utf-8")
    assert "<b>" not in page
    assert "<i>" not in page
    for name in ("model_card.md", "model_card.html"):
        places = [path.parent.name for path in (runs[0] / "artifacts").rglob(name) if "code" not in path.parts]
        assert sorted(places) == ["artifacts", "bundle"], "one among the run's artifacts, one in the registered bundle"


@pytest.mark.long
def test_a_model_with_a_card_answers_and_a_challenger_has_a_card_of_its_own(runs):
    where, path, _ = runs
    done = run("predict", "model=rows@champion", f"input={path}", f"output={where.parent / 'answers.csv'}", runs=where)
    assert done.returncode == 0, done.stderr
    more = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*more, *(line.replace(".", ".1") for line in more[1:90])]) + "\n", encoding="utf-8")
    done = run("retrain", "model=rows", "promotion.kind=test", runs=where)
    assert done.returncode == 0, done.stderr
    (challenger,) = (folder for folder in (where / "studies").iterdir() if "after" in folder.name)
    assert "## Scores by level" in (challenger / "bundle" / "model_card.md").read_text(encoding="utf-8")


@pytest.mark.long
def test_an_unknown_column_is_one_sentence_and_nothing_is_written(runs, tmp_path):
    words = [word for word in runs[2] if not word.startswith("card")]
    done = run("tune", "data=csv", *words, "card.slices=[sec]", runs=tmp_path / "runs")
    assert done.returncode == 2
    assert "card.slices: 'sec' is not a column of the data, did you mean sex?" in done.stderr
    assert not (tmp_path / "runs").exists()

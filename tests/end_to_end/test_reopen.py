"""A finished study is shown again without reading its rows, as long as they are the same."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import pandas as pd
import pytest

from tests.end_to_end.doors import ROOT, SMALL, run

pytestmark = pytest.mark.slow

HEAVY = ("sklearn", "pandas", "tensorflow", "mlflow", "optuna")
PROBE = f"""
import sys
from contextlib import closing
from pipelines import tune
sys.argv = ["tune", *sys.argv[1:]]
code = tune.main()
print("loaded:", [name for name in {HEAVY!r} if name in sys.modules])
sys.exit(code)
"""


def again(words, runs):
    command = [sys.executable, "-c", PROBE, *words, f"paths.runs={runs}"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=280)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished")
    rows = pd.DataFrame({"a": [*range(40)], "b": [number % 7 for number in range(40)], "y": ["n", "p"] * 20})
    rows.to_csv(folder / "rows.csv", index=False)
    words = ["data=csv", f"data.path={folder / 'rows.csv'}", "data.target=y", "study=mine", "tuner=random"]
    words += ["tracking=in_memory", "budget.trials=2", *SMALL]
    first = run("tune", *words, runs=folder / "runs")
    assert first.returncode == 0, first.stderr
    return folder, words, first.stdout


def test_it_is_shown_as_it_stands_and_nothing_heavy_is_imported(finished):
    folder, words, shown = finished
    done = again(words, folder / "runs")
    assert done.returncode == 0, done.stderr
    assert "study mine is finished: 2 of 2 trials, 0 more to run" in done.stdout
    assert done.stdout.strip().endswith("loaded: []")
    verdict = next(line for line in shown.splitlines() if line.startswith("Verdict"))
    assert verdict in done.stdout
    assert [line for line in shown.splitlines() if "model (trial" in line][-1] in done.stdout


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("fit.epochs=5", "exists with another configuration (fit.epochs: 4 -> 5)"),
        ("audit.strict=true", "audit.strict: "),
    ],
)
def test_what_is_asked_otherwise_is_looked_at(word, sentence, finished):
    folder, words, _ = finished
    done = run("tune", *words, word, runs=folder / "runs")
    assert done.returncode == 2
    assert sentence in done.stderr


def test_a_raised_total_goes_on(finished, tmp_path):
    folder, words, _ = finished
    done = run("tune", *words, "budget.trials=3", runs=shutil.copytree(folder / "runs", tmp_path / "runs"))
    assert done.returncode == 0, done.stderr
    assert "is finished" not in done.stdout


def test_rows_that_have_changed_are_noticed(finished):
    folder, words, _ = finished
    before = (folder / "rows.csv").read_bytes()
    rows = pd.read_csv(folder / "rows.csv")
    rows.loc[0, "a"] = 99
    rows.to_csv(folder / "rows.csv", index=False)
    try:
        done = run("tune", *words, runs=folder / "runs")
    finally:
        (folder / "rows.csv").write_bytes(before)
    assert done.returncode == 2
    assert "'mine' exists with other data" in done.stderr


@pytest.mark.long
def test_what_the_tracker_did_not_take_is_shown_by_the_next_start(tmp_path):
    words = ["data=wine", "study=late", "tuner=random", "budget.trials=2", *SMALL]
    first = run("tune", *words, runs=tmp_path / "runs")
    assert first.returncode == 0, first.stderr
    with closing(sqlite3.connect(tmp_path / "runs" / "ledger.db")) as ledger:
        ledger.execute("UPDATE trials SET shipped = NULL WHERE number = 1")
        ledger.commit()
        done = run("tune", *words, runs=tmp_path / "runs")
        assert done.returncode == 0, done.stderr
        assert "study late is finished: 2 of 2 trials" in done.stdout
        assert ledger.execute("SELECT COUNT(*) FROM trials WHERE shipped IS NULL").fetchone() == (0,)
    with closing(sqlite3.connect(tmp_path / "runs" / "mlflow.db")) as mlflow:
        tags = mlflow.execute("SELECT value FROM tags WHERE key = 'foldwise.trial' ORDER BY value").fetchall()
    assert tags == [("0",), ("1",)]  # each once

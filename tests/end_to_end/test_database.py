"""A study on rows of a database: the same table as from a file, and a model that answers files."""

import json
import sqlite3

import numpy as np
import pandas as pd
import pytest

from tests.end_to_end.doors import SMALL, only_study, run, summary

pytestmark = pytest.mark.slow


@pytest.mark.long
def test_a_query_is_tuned_on_and_its_model_answers_a_file(tmp_path):
    draws = np.random.default_rng(0)
    frame = pd.DataFrame({"id": range(120), "a": draws.normal(size=120), "b": draws.choice(["u", "v"], 120)})
    frame["y"] = np.where(frame["a"] > 0, "yes", "no")
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        frame.sample(frac=1, random_state=0).to_sql("visits", connection, index=False)
    connection.close()
    frame.to_csv(tmp_path / "rows.csv", index=False)
    roles = ["data.target=y", "data.row_key=[id]"]
    words = ["data=sql", f"data.url=sqlite:///{tmp_path / 'shop.db'}", "data.query='SELECT * FROM visits'", *roles]
    done = run("tune", *words, "budget.trials=2", *SMALL, runs=tmp_path / "runs")
    assert done.returncode == 0, done.stderr
    assert summary(tmp_path / "runs")["model"]["name"] == "shop"

    looked = run("prepare", "data=csv", f"data.path={tmp_path / 'rows.csv'}", *roles, runs=tmp_path / "other")
    assert looked.returncode == 0, looked.stderr
    prepared = json.loads((only_study(tmp_path / "other") / "prepare.json").read_text())
    with sqlite3.connect(tmp_path / "runs" / "ledger.db") as ledger:
        assert prepared["fingerprint"] in ledger.execute("SELECT data_fingerprint FROM studies").fetchone()

    answers = ["model=shop@champion", f"input={tmp_path / 'rows.csv'}", f"output={tmp_path / 'answers.csv'}"]
    done = run("predict", *answers, runs=tmp_path / "runs")
    assert done.returncode == 0, done.stderr

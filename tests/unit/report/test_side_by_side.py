"""Studies side by side: what differs, what is scored, and when rows are tested."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from benchmarks.made_search import made_results
from foldwise.ledger.rows import StudyRecord
from foldwise.report.side_by_side import sections_html, side_by_side
from foldwise.report.study_extras import confusion_of, links_of
from foldwise.trial.certificate import Certificate
from foldwise.trial.summary import RunPlace
from tests.contract.ledgers import summary

LABELS = ["a", "b", "c"]


def study(folder, name, *, share=0.9, rows=200, seed=1, fingerprint="f" * 64, finished=None, **changes):
    """A study with predictions, of which a share is right."""
    spec, results = made_results(6, study=name, **changes)
    record = StudyRecord(name, spec.recipe, fingerprint, {}, {"numpy": "2"}, datetime.now(UTC), summary=finished)
    truth = np.random.default_rng(0).integers(0, 3, rows)
    rng = np.random.default_rng(seed)
    taken = np.where(rng.random(rows) < share, truth, (truth + 1) % 3)
    frame = {"row": np.arange(rows), "fold": 0, "truth": [LABELS[code] for code in truth]}
    frame |= {f"p_{label}": np.where(taken == code, 0.8, 0.1) for code, label in enumerate(LABELS)}
    (folder / name).mkdir(parents=True)
    pd.DataFrame(frame).sample(frac=1.0, random_state=seed).to_parquet(folder / name / "oof.parquet", index=False)
    return record, results


def test_every_value_that_differs_is_shown_with_its_range(tmp_path):
    plain = {"kind": "mlp", "units": ["int", 8, 128]}
    fit = {"epochs": 9, "optimizer": {"kind": "adam", "learning_rate": 0.01}}
    one = study(tmp_path, "one", model=plain, lr_schedule={"kind": "constant"})
    other = study(
        tmp_path, "other", model={"kind": "mlp", "units": 8}, lr_schedule={"kind": "cosine"}, fit=fit, fingerprint="e" * 64
    )
    found = {row[0]: row[1:] for row in side_by_side([one, other], tmp_path).values.rows}
    assert found["lr_schedule.kind"] == ("constant", "cosine")
    assert found["model.units"][0].endswith(" of [int, 8, 128]")
    assert found["model.units"][1] == "8"
    assert found["data"] == ("f" * 64, "e" * 64)
    assert "model.kind" not in found
    assert "seed" not in found


def test_options_that_came_later_do_not_differ_at_their_usual_value(tmp_path):
    old, new = study(tmp_path, "old"), study(tmp_path, "new", fit={"epochs": 9, "label_smoothing": 0.0, "seeds": 1})
    new[0].recipe["fit"].pop("epochs")
    found = side_by_side([old, new], tmp_path).values.rows
    assert [row[0] for row in found] == []


def test_scores_are_those_of_the_summary(tmp_path):
    certificate = Certificate(kind="bbc", trial=0, looks=7, score=0.9, low=0.8, high=0.95, optimism=0.01, predictions=7)
    done = replace(summary(), certificate=certificate, answer="worse")
    table = side_by_side([study(tmp_path, "one", finished=done), study(tmp_path, "other")], tmp_path).scores
    found = {row[0]: row[1:] for row in table.rows}
    assert table.columns == ("", "one", "other")
    assert found["corrected"] == ("0.9000 (0.8000 to 0.9500)", "-")
    assert found["holdout"] == ("0.8000", "-")
    assert found["verdict"] == ("worse", "-")
    assert found["seconds"][0] == "3.0"


def test_a_better_study_is_named_with_an_interval(tmp_path):
    good, poor = study(tmp_path, "good", share=0.95), study(tmp_path, "poor", share=0.7, seed=2)
    (sentence,) = side_by_side([good, poor], tmp_path).tests
    assert sentence.startswith("good is better: accuracy of good minus poor, on 200 rows that both predicted out of fold: +0.2")
    assert "(95 % interval +0." in sentence
    (turned,) = side_by_side([poor, good], tmp_path).tests
    assert turned.startswith("good is better: accuracy of poor minus good")
    third = study(tmp_path, "third", share=0.7, seed=3)
    assert all("(97.5 % interval " in said for said in side_by_side([good, poor, third], tmp_path).tests)


def test_only_rows_that_both_have_are_tested(tmp_path):
    one, other = study(tmp_path, "one"), study(tmp_path, "other", seed=2)
    frame = pd.read_parquet(tmp_path / "other" / "oof.parquet")
    frame[frame["row"] >= 120].to_parquet(tmp_path / "other" / "oof.parquet", index=False)
    assert "on 80 rows that both predicted" in side_by_side([one, other], tmp_path).tests[0]


IRIS = {"kind": "sklearn", "name": "iris"}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"goal": {"metric": "log_loss"}}, "their goals differ (accuracy and log_loss)"),
        ({"data": {**IRIS, "group": "g"}}, "their rows come in groups (data.group)"),
        ({"data": {**IRIS, "target": "t"}}, "their targets differ"),
        ({"data": {"kind": "sklearn", "name": "wine"}, "fingerprint": "e" * 64}, "their rows come from different sources"),
    ],
)
def test_why_there_is_no_test_is_one_clause(tmp_path, changes, why):
    one, other = study(tmp_path, "one"), study(tmp_path, "other")
    recipe = {**other[0].recipe, **{key: value for key, value in changes.items() if key != "fingerprint"}}
    changed = replace(other[0], recipe=recipe, data_fingerprint=changes.get("fingerprint", "f" * 64))
    (sentence,) = side_by_side([one, (changed, other[1])], tmp_path).tests
    assert sentence.startswith("one and other: no test, because ")
    assert why in sentence


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda frame: None, "other has no out-of-fold predictions"),
        (lambda frame: frame.assign(row=frame["row"] + 1000), "no row was predicted by both"),
        (lambda frame: frame.assign(row=199 - frame["row"]), "rows of one number have different targets"),
        (lambda frame: frame.rename(columns={"p_c": "p_d"}).assign(truth="a"), "their labels differ"),
    ],
)
def test_predictions_that_do_not_fit_are_not_tested(tmp_path, change, why):
    one, other = study(tmp_path, "one"), study(tmp_path, "other")
    path = tmp_path / "other" / "oof.parquet"
    frame = change(pd.read_parquet(path))
    path.write_bytes(b"PAR1 cut off") if frame is None else frame.to_parquet(path, index=False)
    assert why in side_by_side([one, other], tmp_path).tests[0]


def test_nothing_on_the_page_comes_from_a_value(tmp_path):
    evil = "<script>alert(1)</script>"
    one, other = study(tmp_path, "one"), study(tmp_path, "other", data={**IRIS, "drop": [evil]})
    text = sections_html(side_by_side([one, other], tmp_path))
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_confusion_counts_the_rows_out_of_fold(tmp_path):
    record, results = study(tmp_path, "one", share=0.5)
    found = confusion_of(tmp_path / "one", record, results)
    assert found["labels"] == ("a", "b", "c")
    assert sum(map(sum, found["counts"])) == found["rows"] == 200
    assert all(row[(place + 2) % 3] == 0 < row[place] for place, row in enumerate(found["counts"]))
    assert confusion_of(tmp_path / "none", record, results) is None


def test_links_lead_to_files_that_exist_and_to_mlflow(tmp_path):
    place = RunPlace("sqlite:///mlflow.db", "1", "abc")
    record, _ = study(tmp_path, "one", finished=replace(summary(), mlflow=place))
    folder = tmp_path / "one"
    for name in ("figures/search.html", "figures/top trials.png", "bundle/model_card.html", "compare.html"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    run = ("MLflow (while foldwise ui runs)", "http://127.0.0.1:5000/#/experiments/1/runs/abc")
    files = ["figures/search.html", "bundle/model_card.html", "figures/top%20trials.png"]
    found = links_of(folder, record, folder)
    assert [address for _, address in found[:-1]] == files
    assert found[-1] == run
    elsewhere = links_of(folder, record, tmp_path.parent / "compare")
    assert elsewhere[0] == ("compare page", f"../{tmp_path.name}/one/compare.html")
    server = replace(record, summary=replace(summary(), mlflow=replace(place, tracking_uri="https://x.org/")))
    assert links_of(folder, server, folder)[-1] == ("MLflow", "https://x.org/#/experiments/1/runs/abc")
    assert not [text for text, _ in links_of(folder, replace(record, summary=summary()), folder) if "MLflow" in text]

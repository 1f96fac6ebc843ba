"""A label, a file or a column whose name is a formula stays text in answers that a spreadsheet opens."""

import csv
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from foldwise.bundle.predict_file import answer_file
from foldwise.data.sources.picture_folder import read_folder
from foldwise.spec.data import Reading
from foldwise.spec.images import FolderData
from foldwise.spec.services import PredictSpec

LABELS = ("+", "-1", "=cmd|' /C calc'!A0", "@home", "plain")
TRUTH = [LABELS[n % 5] for n in range(20)]


class Teller:
    """Remembers the metrics and the notes."""

    def __init__(self):
        self.notes, self.metrics = [], None

    def note(self, sentence):
        self.notes.append(sentence)

    @contextmanager
    def answering(self, total):
        yield lambda rows: None

    def scored(self, metrics, confusion, labels):
        self.metrics = metrics


class Bundle:
    """Answers each row with the label that its column `code` numbers."""

    card = SimpleNamespace(
        target="y",
        labels=LABELS,
        reading=Reading(),
        schema=SimpleNamespace(image=None, names=("code",)),
        head=SimpleNamespace(task="multiclass"),
        threshold=None,
        study="s",
        target_written="",
        target_names=("y",),
        targets=(),
        row_cells=0,
    )

    def predict(self, raw):
        codes = raw["code"].astype(int).to_numpy()
        shares = np.eye(5)[codes]
        answers = {"prediction": np.array(LABELS, dtype=object)[codes]}
        answers |= {f"p_{label}": shares[:, n] for n, label in enumerate(LABELS)}
        return pd.DataFrame({**answers, "flags": ["=code never seen" if code == 4 else "" for code in codes]})


def _answer(folder, ending=".csv", source="rows.csv", **options):
    teller, output = Teller(), folder / f"answers{ending}"
    paths = {"input": str(folder / source), "output": str(output), "paths": {"runs": str(folder / "runs")}}
    answer_file(PredictSpec(model="m@champion", **paths, **options), Bundle, teller)
    return output, teller


@pytest.fixture
def folder(tmp_path):
    pd.DataFrame({"code": [n % 5 for n in range(20)], "y": TRUTH}).to_csv(tmp_path / "rows.csv", index=False)
    return tmp_path


def test_formulas_get_a_quote_and_signs_and_numbers_do_not(folder):
    output, teller = _answer(folder)
    with output.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["prediction"] for row in rows[:5]] == ["+", "-1", "'=cmd|' /C calc'!A0", "'@home", "plain"]
    assert rows[4]["flags"] == "'=code never seen"
    assert rows[0]["p_+"] == "1.0"
    assert teller.metrics["accuracy"] == 1


@pytest.mark.parametrize(("ending", "options"), [(".csv", {"escape": False}), (".parquet", {})])
def test_raw_answers(ending, options, folder):
    output, _ = _answer(folder, ending, **options)
    found = pd.read_parquet(output) if ending == ".parquet" else pd.read_csv(output)
    assert [str(cell) for cell in found["prediction"]] == TRUTH


@pytest.mark.parametrize("escape", [True, False])
def test_answers_are_scored_as_truth(escape, folder):
    output, _ = _answer(folder, escape=escape)
    answers = pd.read_csv(output, dtype=str)
    pd.DataFrame({"code": [n % 5 for n in range(20)], "y": answers["prediction"]}).to_csv(folder / "again.csv", index=False)
    _, teller = _answer(folder, source="again.csv")
    assert teller.metrics["accuracy"] == 1
    assert not any("not scored" in note for note in teller.notes)


def test_a_picture_whose_name_is_a_formula_is_found_by_its_answer(tmp_path):
    from PIL import Image

    for n, name in enumerate(("=a.png", "b.png")):
        Image.new("RGB", (4, 4), (n, n, n)).save(tmp_path / name)
    (tmp_path / "labels.csv").write_text("file,y\n'=a.png,one\nb.png,two\n")
    data = FolderData(kind="folder", path=str(tmp_path), labels="labels.csv", target="y", size=(4, 4))
    assert list(read_folder(data, tmp_path, "labels.csv").labels) == ["one", "two"]

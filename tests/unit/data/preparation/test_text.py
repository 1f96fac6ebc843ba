import numpy as np
import pandas as pd

from foldwise.data.audit.audit import audit
from foldwise.data.preparation.fold import fit_preparation
from foldwise.data.preparation.text import Hashed, bucket_for
from foldwise.data.read_table import read_table
from foldwise.data.split import Split
from foldwise.spec.data import CsvData
from foldwise.spec.prep import HashText, PrepSpec


def test_a_word_has_the_same_bucket_everywhere():
    assert [bucket_for(word, 64) for word in ("one", "straße", "\ud800")] == [49, 13, 40]


def test_words_are_counted_whatever_their_case_and_order():
    text = Hashed("note", 32)
    counts = text.counts(["A red, RED door", "red door a red", None, "", "!"])
    assert np.array_equal(counts[0], counts[1])
    np.testing.assert_allclose(np.linalg.norm(counts, axis=1), [1, 1, 0, 0, 0])
    assert counts[0].argmax() == bucket_for("red", 32)
    assert text.counts([]).shape == (0, 32)


def test_a_text_column_becomes_numbers_only_if_the_preparation_uses_text(tmp_path):
    draws = np.random.default_rng(0)
    story = [" ".join(draws.choice(["red", "blue", "door", "sea", "tree", "sun"], 5)) + f" {n}" for n in range(90)]
    pd.DataFrame({"a": np.arange(90) % 7 / 2, "story": story, "y": np.arange(90) % 2}).to_csv(tmp_path / "t.csv", index=False)
    data, prep = CsvData(kind="csv", path=str(tmp_path / "t.csv"), target="y"), PrepSpec(text=HashText(width=8))
    out = read_table(data)
    folds = [Split(np.arange(0, 60), np.arange(60, 90)), Split(np.arange(30, 90), np.arange(30))]
    (found,) = [finding for finding in audit(out, np.arange(90), folds) if finding.check == "text"]
    assert (found.columns, found.message) == (("story",), "left out: free text")
    assert "to use its words, set prep.text=hash" in found.advice
    table = read_table(data, used=prep.kinds)
    assert table.left_out == {}
    assert [finding for finding in audit(table, np.arange(90), folds) if finding.level == "leak"] == []
    assert fit_preparation(table, range(90), PrepSpec()).features == ("a",)
    preparation = fit_preparation(table, range(90), prep)
    assert preparation.features == ("a", *(f"story words {bucket}" for bucket in range(8)))
    prepared = preparation.transform(table.frame)
    assert prepared.shape == (90, 9)
    np.testing.assert_allclose(prepared[:, 1:], Hashed("story", 8).counts(story), rtol=1e-6)

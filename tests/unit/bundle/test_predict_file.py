"""The rows of a file are answered in chunks, and the answer file is complete or absent."""

import io
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest

from foldwise.bundle import predict_file as answers
from foldwise.bundle.predict_file import answer_file, check_files
from foldwise.errors import ConfigError, DataError
from foldwise.spec.services import PredictSpec
from tests.contract.bundles import make_bundle

pytestmark = pytest.mark.slow
ROWS = answers.ROWS_AT_ONCE + 300  # two chunks, the second with a block that is not full


class Heard:
    """A teller that remembers its calls."""

    def __init__(self):
        self.notes, self.steps, self.metrics = [], [], None

    def note(self, sentence):
        self.notes.append(sentence)

    @contextmanager
    def answering(self, total):
        self.total = total
        yield self.steps.append

    def scored(self, metrics, confusion, labels):
        self.metrics = metrics


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    bundle, _, raw = make_bundle(tmp_path_factory.mktemp("bundle"), "binary")
    many = pd.concat([raw] * (ROWS // len(raw) + 1), ignore_index=True).iloc[:ROWS]
    return bundle, many


def _asked(folder, ending=".csv"):
    return PredictSpec(
        model="m@champion",
        input=str(folder / "rows.csv"),
        output=str(folder / f"answers{ending}"),
        paths={"runs": str(folder / "runs")},
    )


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_chunks_give_the_same_answers_as_all_rows_together(ending, made, tmp_path):
    bundle, rows = made
    rows = rows.assign(more="x", answer=["no", "yes", "", "perhaps"] * (ROWS // 4) + ["no"] * (ROWS % 4))
    rows.to_csv(tmp_path / "rows.csv", sep=";", index=False)
    asked, heard = _asked(tmp_path, ending), Heard()
    check_files(asked)
    answer_file(asked, lambda: bundle, heard)
    found = pd.read_parquet(asked.output) if ending == ".parquet" else pd.read_csv(asked.output, keep_default_na=False)
    expected = bundle.predict(rows)
    assert list(found.columns) == ["row", *expected.columns]
    assert list(found["row"]) == list(range(ROWS))
    assert np.array_equal(found[["p_no", "p_yes"]], expected[["p_no", "p_yes"]])
    assert list(found["prediction"]) == list(expected["prediction"])
    assert set(found["flags"]) == {""}
    assert heard.steps == [answers.ROWS_AT_ONCE, 300]
    assert heard.total == ROWS
    assert "2 extra columns are ignored: same and more" in heard.notes
    assert f"{2 * (ROWS // 4)} of {ROWS} rows are not scored: answer is missing or has an unknown label" in heard.notes
    assert 0 < heard.metrics["accuracy"] < 1


def test_a_bad_row_in_a_later_chunk_is_named_and_leaves_no_file(made, tmp_path):
    bundle, rows = made
    rows = rows.copy()
    rows.loc[ROWS - 7, "size"] = "much"
    rows.to_csv(tmp_path / "rows.csv", sep=";", index=False)
    with pytest.raises(DataError, match=f"column size, row {ROWS - 6}: 'much' is not a number"):
        answer_file(_asked(tmp_path), lambda: bundle, Heard())
    assert [path.name for path in tmp_path.iterdir()] == ["rows.csv"]


def test_flagged_rows_are_counted(made, tmp_path):
    bundle, rows = made
    rows.iloc[:4].assign(size=["99", "0,1", "-99", "0,1"]).to_csv(tmp_path / "rows.csv", sep=";", index=False)
    heard = Heard()
    answer_file(_asked(tmp_path), lambda: bundle, heard)
    assert "2 of 4 rows are unlike the training rows; the column flags names the reasons" in heard.notes
    found = pd.read_csv(tmp_path / "answers.csv", keep_default_na=False)
    assert list(found["flags"]) == ["size beyond its range", "", "size beyond its range", ""]


@pytest.mark.parametrize("text", ["", "size;count;sort of thing;gap\n"])
def test_a_file_without_rows_is_refused(text, made, tmp_path):
    (tmp_path / "rows.csv").write_text(text)
    with pytest.raises(DataError, match=r"empty|no row"):
        answer_file(_asked(tmp_path), lambda: made[0], Heard())
    assert not (tmp_path / "answers.csv").exists()


def test_files_are_checked_first(tmp_path):
    with pytest.raises(ConfigError, match=r"input: .* is neither a file nor a folder of pictures"):
        check_files(_asked(tmp_path))
    (tmp_path / "rows.csv").write_text("a\n1\n")
    with pytest.raises(ConfigError, match=r"output: .* must end in .csv or .parquet"):
        check_files(_asked(tmp_path, ".json"))
    (tmp_path / "answers.csv").mkdir()
    with pytest.raises(ConfigError, match=r"output: .*answers.csv is a folder; name a file"):
        check_files(_asked(tmp_path))


def test_the_screen_shows_the_progress():
    from rich.console import Console

    from foldwise.doors.screen import Screen

    text = io.StringIO()
    with Screen(Console(file=text, force_terminal=True, width=90)).answering(1000) as answered:
        answered(400)
        answered(600)
    assert "rows answered" in text.getvalue()
    quiet = io.StringIO()
    with Screen(Console(file=quiet, force_terminal=False)).answering(1000) as answered:
        answered(400)
    assert quiet.getvalue() == ""  # there is a line every ten seconds, and this took less

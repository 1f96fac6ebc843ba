"""Tables and images are read by one function, which opens a file once and parses a text once."""

import subprocess
import sys
from collections import Counter
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest

from foldwise.data.cells import number_in
from foldwise.data.kinds import NETWORK_KINDS
from foldwise.data.read import reader
from foldwise.data.sources.fingerprint import source_mark
from foldwise.spec.data import CsvData, GivenHoldout, ParquetData
from foldwise.spec.folds import FoldsSpec
from foldwise.spec.images import GivenImages, NpzData
from foldwise.spec.places import Paths
from tests.unit.data.images import LABELS, blobs

OPENED = []
sys.addaudithook(lambda event, details: OPENED.append(str(details[0])) if event == "open" else None)


@contextmanager
def opens(path, times):
    OPENED.clear()
    yield
    assert OPENED.count(str(path)) == times


@contextmanager
def parsed_texts():
    """The texts that `number_in` is called with, and how often."""
    texts = Counter()

    def count(frame, event, _):
        if event == "call" and frame.f_code is number_in.__code__ and isinstance(frame.f_locals["cell"], str):
            texts[frame.f_locals["cell"]] += 1

    sys.setprofile(count)
    try:
        yield texts
    finally:
        sys.setprofile(None)


@pytest.fixture
def rows(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=60), "b": np.arange(60) // 3 + 0.5, "c": ["u", "v"] * 30})
    frame["y"] = frame["a"] + 0.25
    frame.to_csv(tmp_path / "rows.csv", index=False)
    frame.to_parquet(tmp_path / "rows.parquet")
    np.savez(tmp_path / "rows.npz", images=blobs(), labels=LABELS)
    return {
        "csv": CsvData(kind="csv", path=str(tmp_path / "rows.csv"), target="y"),
        "parquet": ParquetData(kind="parquet", path=str(tmp_path / "rows.parquet"), target="y"),
        "npz": NpzData(kind="npz", path=str(tmp_path / "rows.npz")),
    }


@pytest.mark.parametrize("kind", ["csv", "parquet", "npz"])
def test_a_file_is_opened_once_to_be_checked_and_once_to_be_read(rows, kind):
    data = rows[kind]
    rows = reader(data, Paths())
    with opens(data.path, times=1):
        rows.check()
    with opens(data.path, times=1):
        assert len(rows.read(NETWORK_KINDS, pixels=False)) == 60


def test_each_text_of_a_number_is_parsed_once(rows):
    with parsed_texts() as texts:
        table = reader(rows["csv"], Paths()).read(NETWORK_KINDS, pixels=False)
    numbers = {text: times for text, times in texts.items() if any(sign.isdigit() for sign in text)}
    assert table.schema.of_kind("number") == ("a", "b")
    assert len(numbers) == 60 + 20 + 60  # b has 20 different values
    assert set(numbers.values()) == {1}


def test_rows_are_marked_by_the_bytes_that_they_were_read_from(rows, tmp_path):
    class Fixed:
        data, paths, folds = rows["csv"], Paths(), FoldsSpec()

    table = reader(Fixed.data, Fixed.paths).read(NETWORK_KINDS, pixels=False)
    assert table.mark == source_mark(Fixed)
    (tmp_path / "rows.csv").write_text("a,y\n1.5,2.5\n2,3\n4,5\n")
    assert reader(Fixed.data, Fixed.paths).read(NETWORK_KINDS, pixels=False).mark == source_mark(Fixed) != table.mark


def test_a_holdout_is_read_where_data_holdout_names_one(rows, tmp_path):
    for kind, given in (
        ("csv", GivenHoldout(kind="given", path=str(tmp_path / "rows.parquet"))),
        ("npz", GivenImages(kind="given", path=str(tmp_path / "rows.npz"))),
    ):
        own, other = reader(rows[kind], Paths()), reader(rows[kind].model_copy(update={"holdout": given}), Paths())
        table = own.read(NETWORK_KINDS, pixels=False)
        assert own.read_holdout(table) is None
        assert len(other.read_holdout(table)) == 60


@pytest.mark.parametrize("kind", ["csv", "parquet", "npz"])
def test_paths_are_checked_without_pandas(rows, kind):
    code = (
        f"import sys\nfrom foldwise.data.read import reader\nfrom foldwise.spec.places import Paths\n"
        f"from {type(rows[kind]).__module__} import {type(rows[kind]).__name__} as Data\n"
        f"reader(Data(**{rows[kind].model_dump(exclude={'holdout'})!r}), Paths()).check()\n"
        "print('pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"

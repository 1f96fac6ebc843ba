"""Equal marks mean equal rows."""

import pytest

from foldwise.config.read import read_study
from foldwise.data.sources.fingerprint import source_mark
from foldwise.errors import DataError


def mark(data, folder):
    return source_mark(read_study({"data": data, "paths": {"runs": str(folder / "runs")}}).fixed)


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("a,y\n1,n\n2,p\n")
    return path


def csv(rows, **more):
    return {"kind": "csv", "path": str(rows), "target": "y", **more}


def test_a_file_is_known_by_its_content(rows, tmp_path):
    before = mark(csv(rows), tmp_path)
    other = tmp_path / "other.csv"
    other.write_bytes(rows.read_bytes())
    assert mark(csv(other), tmp_path) == before
    rows.write_text("a,y\n1,n\n3,p\n")
    assert mark(csv(rows), tmp_path) != before


def test_the_rows_set_aside_count_too(rows, tmp_path):
    held = tmp_path / "test.csv"
    held.write_text("a,y\n5,n\n")
    data = csv(rows, holdout={"kind": "given", "path": str(held)})
    before = mark(data, tmp_path)
    assert before != mark(csv(rows), tmp_path)
    held.write_text("a,y\n6,n\n")
    assert mark(data, tmp_path) != before


def test_tables_that_come_with_a_library_are_known_by_its_version(tmp_path):
    assert "scikit-learn " in mark({"kind": "sklearn", "name": "iris"}, tmp_path)


def test_sources_that_only_reading_can_compare_have_no_mark(tmp_path):
    asked = {"kind": "sql", "url": f"sqlite:///{tmp_path / 'rows.db'}", "query": "SELECT * FROM t", "target": "y"}
    assert mark(asked, tmp_path) is None


def test_a_file_that_is_not_there_is_one_sentence(rows, tmp_path):
    rows.unlink()
    with pytest.raises(DataError, match="file not found"):
        mark(csv(rows), tmp_path)

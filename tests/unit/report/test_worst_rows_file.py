"""Rows of a study's folder on a page that is written again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.made_search import SUMMARY
from foldwise.report.worst_rows_file import NAME, worst_rows_of


def test_what_was_written_is_shown_with_numbers_rounded(tmp_path):
    (tmp_path / NAME).write_text("row,truth,prediction,p_truth,loss,name,age\n7,no,yes,0.123456789,2.0918,a.b,31\n")
    found = worst_rows_of(tmp_path, replace(SUMMARY, importance=None))
    assert found.heading == "by the log loss out of fold"
    assert found.columns == ("row", "truth", "prediction", "p_truth", "loss", "name", "age")
    assert found.rows == [["7", "no", "yes", "0.1235", "2.092", "a.b", "31"]]
    assert found.more == 0


@pytest.mark.parametrize("text", [None, "", "row,truth\n", "row,truth\n1\n", b"\xff\xfe\x00"], ids=str)
def test_a_folder_without_such_rows_shows_none(tmp_path, text):
    if text is not None:
        (tmp_path / NAME).write_bytes(text if isinstance(text, bytes) else text.encode())
    assert worst_rows_of(tmp_path, SUMMARY) is None
    assert worst_rows_of(tmp_path, None) is None

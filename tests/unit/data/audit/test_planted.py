"""Every planted leak is found, and honest tables are not accused."""

import pytest

from foldwise.data.audit.audit import audit
from foldwise.data.holdout import set_holdout
from foldwise.data.read_table import read_table
from foldwise.data.split import cut_folds
from foldwise.spec.data import CsvData
from foldwise.spec.folds import FoldsSpec
from tests.unit.data.audit.planted import HONEST, LEAKS, QUIET, WARNED


def audited(planted, tmp_path):
    planted.frame.to_csv(tmp_path / "rows.csv", index=False)
    data = CsvData(kind="csv", path=str(tmp_path / "rows.csv"), target="y", **planted.data)
    table = read_table(data)
    development, held, _ = set_holdout(table, data.holdout, data)
    return audit(table, development, cut_folds(table, development, FoldsSpec(**planted.folds), 0), table.take(held))


@pytest.mark.parametrize("make", LEAKS, ids=lambda make: make.__name__)
def test_a_planted_leak_is_found_and_nothing_else_is_accused(make, tmp_path):
    planted = make()
    leaks = [finding for finding in audited(planted, tmp_path) if finding.level == "leak"]
    assert leaks, "not found"
    assert {column for leak in leaks for column in leak.columns} == ({planted.column} if planted.column else set()), leaks


@pytest.mark.parametrize(
    ("check", "make"),
    [(check, make) for check, makes in WARNED.items() for make in makes],
    ids=lambda it: getattr(it, "__name__", it),
)
def test_what_misleads_is_found_once_and_nothing_else_is_accused(check, make, tmp_path):
    planted = make()
    found = [finding for finding in audited(planted, tmp_path) if finding.level != "note"]
    assert [(finding.check, finding.columns) for finding in found] == [(check, planted.column)], [str(one) for one in found]


@pytest.mark.parametrize("make", QUIET, ids=lambda make: make.__name__)
def test_a_table_that_only_looks_odd_has_no_warning_either(make, tmp_path):
    assert [str(finding) for finding in audited(make(), tmp_path) if finding.level != "note"] == []


@pytest.mark.parametrize("make", HONEST, ids=lambda make: make.__name__)
def test_an_honest_table_has_no_leak(make, tmp_path):
    assert [str(finding) for finding in audited(make(), tmp_path) if finding.level == "leak"] == []


def test_there_are_enough_of_them():
    assert len(LEAKS) >= 20

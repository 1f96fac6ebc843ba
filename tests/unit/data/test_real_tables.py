"""The developers' data sets: no useful column is left out, and each one left out has a reason."""

import os
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from foldwise.data.audit.audit import audit
from foldwise.data.holdout import set_holdout
from foldwise.data.preparation.fold import prepare_fold
from foldwise.data.read_table import read_given_holdout, read_table
from foldwise.data.schema import Column, Schema
from foldwise.data.split import cut_folds
from foldwise.data.table import Table
from foldwise.errors import DataError
from foldwise.spec.data import CsvData, HashHoldout, ParquetData, SklearnData
from foldwise.spec.folds import FoldsSpec
from foldwise.spec.places import Paths
from foldwise.spec.prep import PrepSpec

DATA = Path(os.environ.get("FOLDWISE_DATA", Path(__file__).parents[4] / "shared" / "data"))
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the data sets are not at {DATA}; set FOLDWISE_DATA")

# table -> what the audit finds
SKLEARN_CHECKS = {
    "iris": {"copies", "order"},
    "wine": {"order"},
    "breast_cancer": set(),
    "digits": {"constant"},
    "diabetes": set(),
}


def csv(file, target, **options):
    return CsvData(kind="csv", path=str(DATA / file), target=target, **options)


@pytest.mark.parametrize(
    ("file", "target", "task", "left_out"),
    [
        ("titanic/titanic.csv", "Survived", "binary", {"PassengerId", "Name", "Ticket", "Cabin"}),
        ("california-housing/housing.csv", "median_house_value", "regression", set()),
        ("adult/adult-train.csv", "income", "binary", set()),
        ("mammography/mammography.csv", "class", "binary", set()),
        ("oil-spill/oil-spill.csv", "class", "binary", {"attr23"}),
        ("wine-quality/winequality-red.csv", "quality", "multiclass", set()),
        ("wine-quality/winequality-white.csv", "quality", "multiclass", set()),
        ("iris/iris.csv", "species", "multiclass", set()),
    ],
)
def test_kinds_and_task(file, target, task, left_out):
    table = read_table(csv(file, target))
    assert table.task == task
    assert set(table.left_out) == left_out


def test_missing_words_of_adult_are_noted_with_a_proposal_that_works():
    note = read_table(csv("adult/adult-train.csv", "income")).notes[0]
    assert "workclass, occupation and native-country" in note
    assert "data.missing=['','?']" in note
    assert read_table(csv("adult/adult-train.csv", "income", missing=["", "?"])).notes == ()


def test_the_test_file_of_adult_needs_its_full_stops_stripped():
    data = csv("adult/adult-train.csv", "income", name="adult")
    with pytest.raises(DataError, match=r"data\.target_strip='\.'"):
        read_given_holdout(data, "adult-test.csv", read_table(data), Paths(data=str(DATA)))
    data = data.model_copy(update={"target_strip": "."})
    held = read_given_holdout(data, "adult-test.csv", read_table(data), Paths(data=str(DATA)))
    assert np.bincount(held.target).tolist() == [12435, 3846]


@pytest.mark.parametrize(
    "prep",
    [{}, {"scale": "yeo_johnson"}, {"select": {"kind": "k_best", "by": "mutual_info"}}, {"select": "l1"}],
    ids=["plain", "yeo_johnson", "mutual_info", "l1"],
)
@pytest.mark.long
def test_five_folds_of_adult_are_prepared_quickly(prep):
    data = csv("adult/adult-train.csv", "income")
    table = read_table(data)
    development, _, _ = set_holdout(table, HashHoldout(), data)
    splits = cut_folds(table, development, FoldsSpec(), 0)
    start = time.process_time()
    with threadpool_limits(1):  # where other processes compute too, waiting threads would be counted
        folds = [prepare_fold(table, split, PrepSpec.model_validate(prep)) for split in splits]
    assert time.process_time() - start < 3
    assert all(np.isfinite(fold.valid_x).all() for fold in folds)


def test_titanic_holds_out_the_same_rows_from_parquet(tmp_path):
    data = csv("titanic/titanic.csv", "Survived")
    pd.read_csv(data.path).to_parquet(tmp_path / "titanic.parquet")
    other = ParquetData(kind="parquet", path=str(tmp_path / "titanic.parquet"), target="Survived")
    text, binary = read_table(data), read_table(other)
    assert text.fingerprint == binary.fingerprint
    assert set_holdout(text, HashHoldout(), data)[1].tolist() == set_holdout(binary, HashHoldout(), other)[1].tolist()


@pytest.mark.parametrize(
    ("data", "checks"),
    [
        *((SklearnData(kind="sklearn", name=name), checks) for name, checks in SKLEARN_CHECKS.items()),
        (csv("titanic/titanic.csv", "Survived"), {"copies", "holdout_copies", "identifier", "text"}),
        (csv("california-housing/housing.csv", "median_house_value"), {"order"}),
        (csv("adult/adult-train.csv", "income"), {"copies"}),
        (csv("mammography/mammography.csv", "class"), {"copies", "order"}),
        (csv("oil-spill/oil-spill.csv", "class"), {"constant"}),
        (csv("wine-quality/winequality-red.csv", "quality"), {"imbalance", "few_of_a_class", "copies"}),
        (csv("wine-quality/winequality-white.csv", "quality"), {"imbalance", "few_of_a_class", "copies"}),
        (csv("wine-quality/winequality-white.csv", "quality", task="regression"), {"copies"}),
        (csv("iris/iris.csv", "species"), {"copies", "order"}),
    ],
    ids=lambda value: getattr(value, "path", getattr(value, "name", ""))[-20:] if not isinstance(value, set) else "",
)
@pytest.mark.parametrize("seed", [0, 1])
def test_the_audit_accuses_no_real_table_of_a_leak_and_is_quick(data, checks, seed):
    table = read_table(data)
    development, held, _ = set_holdout(table, data.holdout, data)
    splits = cut_folds(table, development, FoldsSpec(), seed)
    start = time.process_time()
    found = audit(table, development, splits, table.take(held))
    assert time.process_time() - start < 3
    assert [str(finding) for finding in found if finding.level == "leak"] == []
    assert {finding.check for finding in found} == checks


@pytest.mark.long
def test_the_audit_of_60000_images_takes_seconds_and_one_line():
    rng = np.random.default_rng(0)
    labels = np.arange(60_000) % 10
    pixels = (rng.integers(0, 256, (60_000, 784), dtype=np.uint8) // (1 + labels[:, None] % 3)).astype(np.float64)
    pixels[:, :90] = 0
    frame = pd.DataFrame(pixels, columns=[f"p{n}" for n in range(784)])
    schema = Schema(tuple(Column(name, "number") for name in frame.columns))
    names = tuple(map(str, range(10)))
    table = Table(frame, schema, frame, labels, names, "multiclass", "label", np.arange(60_000))
    development = np.arange(48_000)
    splits = cut_folds(table, development, FoldsSpec(), 0)
    start = time.process_time()
    (found,) = audit(table, development, splits, table.take(np.arange(48_000, 60_000)))
    assert time.process_time() - start < 20  # 5 to 8 s on two shared cores
    assert len(found.columns) == 90

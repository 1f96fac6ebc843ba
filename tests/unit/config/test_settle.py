"""What `auto` stands for is one table, by the size of the rows."""

from dataclasses import replace

import pytest

from foldwise.config.settle import FORMER, TABLE, Line, by_rows, settle
from foldwise.spec.settled import Size

WIDE = {"model": "wide", **FORMER.values}
MANY = Line("wide", {"fit.epochs": 9, "folds.count": 3}, rows=3000, columns=40, of_numbers={"fit.epochs": 8})
MORE = Line("wide", {"fit.epochs": 5, "race": "epochs"}, rows=50_000)
LINES = (FORMER, MANY, MORE)
FEW_ROWS = Size(2999, 8, "binary", rarest=900)
MANY_ROWS = Size(3000, 8, "binary", rarest=900)


def test_a_small_table_has_what_every_study_had():
    former = {
        "model": "mlp",
        "model.units": ["int", 8, 128, {"log": True, "default": 32}],
        "fit.epochs": 40,
        "fit.batch_size": None,
        "folds.count": None,
        "budget.trials": 40,
        "race": "none",
    }
    for size in (None, Size(1, 1, "regression"), Size(150, 4, "multiclass", rarest=50)):
        assert settle(size, None) == former
    assert TABLE[0] is FORMER
    assert settle(FEW_ROWS, None, LINES) == former


@pytest.mark.parametrize(
    ("size", "changes"),
    [
        (MANY_ROWS, {"fit.epochs": 9, "folds.count": 3}),
        (replace(MANY_ROWS, rows=49_999, columns=40), {"fit.epochs": 9, "folds.count": 3}),
        (replace(MANY_ROWS, rows=50_000), {"fit.epochs": 5, "race": "epochs"}),
        (replace(MANY_ROWS, task="regression", rarest=None), {"fit.epochs": 8, "folds.count": 3}),
    ],
)
def test_the_last_line_that_fits_counts(size, changes):
    assert settle(size, None, LINES) == {**WIDE, **changes}


@pytest.mark.parametrize("size", [replace(MANY_ROWS, columns=41), replace(MANY_ROWS, rows=10**6, images=True)])
def test_too_many_columns_and_images_have_the_former_default(size):
    assert settle(size, None, LINES)["model"] == "mlp"


@pytest.mark.parametrize("size", [replace(MANY_ROWS, rarest=29), replace(MANY_ROWS, grouped=True)])
def test_a_number_of_folds_is_left_to_the_rows_where_a_fold_could_lack_a_class_or_a_group(size):
    assert settle(size, None, LINES)["folds.count"] is None
    assert settle(replace(size, rarest=30, grouped=False), None, LINES)["folds.count"] == 3


def test_a_network_that_was_given_has_its_own_lines():
    assert settle(None, "wide", LINES)["fit.epochs"] == settle(FEW_ROWS, "wide", LINES)["fit.epochs"] == 9
    assert settle(replace(MANY_ROWS, rows=10**6), "wide", LINES)["fit.epochs"] == 5
    for kind in ("mlp", "cnn", ""):
        assert settle(replace(MANY_ROWS, rows=10**6), kind, LINES) == {"model": "mlp", **FORMER.values}


def test_rows_are_asked_only_where_they_decide():
    assert not by_rows(None, (FORMER,))
    assert by_rows(None, LINES)
    assert by_rows("wide", LINES)
    assert not by_rows("mlp", LINES)
    assert not by_rows("cnn", LINES)
    assert by_rows("wide", (FORMER, MANY))  # by the task
    assert not by_rows("wide", (FORMER, MORE))


def test_a_batch_that_no_fold_could_fill_is_left_to_the_usual_one():
    many = Line("wide", {"fit.batch_size": 256})
    sizes = {rows: settle(Size(rows, 4, "regression"), "wide", (FORMER, many))["fit.batch_size"] for rows in (150, 731, 732)}
    assert sizes == {150: None, 731: None, 732: 256}

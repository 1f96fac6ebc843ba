"""Columns that say nearly the same."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from foldwise.data.schema import Column, Schema
from foldwise.evaluation import column_groups
from foldwise.evaluation.column_groups import associations, groups_of

ROWS = 400


def of_columns(table, columns):
    """A table of these columns: name -> kind and cells."""
    cells = {
        name: pd.Series(list(values), dtype=object if kind in ("category", "text") else None)
        for name, (kind, values) in columns.items()
    }
    schema = Schema(tuple(Column(name, kind) for name, (kind, _) in columns.items()))
    return replace(table("regression", rows=ROWS), frame=pd.DataFrame(cells), schema=schema)


def found(table, columns):
    data = of_columns(table, columns)
    return groups_of(data, np.arange(ROWS), 0, data.schema.names)


@pytest.fixture
def drawn():
    return np.random.default_rng(0)


def test_copies_of_every_kind_are_grouped_in_the_order_of_the_table(table, drawn):
    number, level = drawn.normal(size=ROWS), drawn.choice(list("abcd"), ROWS)
    gap = np.where(np.arange(ROWS) % 7 == 0, np.nan, number)
    days = pd.Timestamp("2020-01-01") + pd.to_timedelta((number * 1000).astype(int), unit="h")
    columns = {
        "alone": ("number", drawn.normal(size=ROWS)),
        "size": ("number", number),
        "kind": ("category", level),
        "other": ("category", drawn.choice(list("xy"), ROWS)),
        "bent": ("number", -np.exp(number)),
        "named": ("category", [{"a": "one", "b": "two", "c": "three", "d": "four"}[one] for one in level]),
        "day": ("date", days),
        "gap": ("number", gap),
    }
    assert found(table, columns) == (("size", "bent", "day", "gap"), ("kind", "named"))


def test_a_number_and_the_category_that_it_was_cut_into_are_grouped(table, drawn):
    number = drawn.uniform(size=ROWS)
    cut = np.array(list("abcdef"))[(number * 6).astype(int)]
    columns = {"size": ("number", number), "band": ("category", cut), "noise": ("category", drawn.choice(list("abcdef"), ROWS))}
    assert found(table, columns) == (("size", "band"),)


def test_every_two_of_a_group_are_alike_so_a_chain_is_not_one(table, drawn):
    ends = drawn.normal(size=(2, ROWS))
    middle = ends.sum(axis=0) + 0.4 * drawn.normal(size=ROWS)
    chain = {"left": ("number", ends[0]), "middle": ("number", middle), "right": ("number", ends[1])}
    assert found(table, chain) == ()


def test_levels_without_meaning_are_not_alike_however_many_there_are(table, drawn):
    columns = {name: ("category", drawn.choice([f"l{n}" for n in range(150)], ROWS)) for name in "ab"}
    columns["number"] = ("number", drawn.normal(size=ROWS))
    assert found(table, columns) == ()


def test_a_constant_and_an_empty_column_are_like_none(table, drawn):
    columns = {
        "number": ("number", drawn.normal(size=ROWS)),
        "same": ("number", np.ones(ROWS)),
        "empty": ("number", np.full(ROWS, np.nan)),
        "level": ("category", ["a"] * ROWS),
        "gone": ("category", [None] * ROWS),
    }
    assert found(table, columns) == ()


def test_too_many_columns_are_not_compared(table, drawn, monkeypatch):
    monkeypatch.setattr(column_groups, "MOST_COLUMNS", 2)
    number = drawn.normal(size=ROWS)
    data = of_columns(table, dict.fromkeys("abc", ("number", number)))
    assert groups_of(data, np.arange(ROWS), 0, ["a", "b", "c"]) == ()
    assert groups_of(data, np.arange(ROWS), 0, ["a", "c"]) == (("a", "c"),)


def test_cramers_v_is_that_of_its_formula(drawn):
    one, other = drawn.integers(0, 3, 300), drawn.integers(0, 2, 300)
    other = np.where(drawn.random(300) < 0.7, one % 2, other)
    counts = np.array([[((one == a) & (other == b)).sum() for b in range(2)] for a in range(3)], dtype=float)
    expected = np.outer(counts.sum(1), counts.sum(0)) / 300
    phi = ((counts - expected) ** 2 / expected).sum() / 300 - 2 / 299
    wanted = np.sqrt(phi / min(3 - 4 / 299 - 1, 2 - 1 / 299 - 1))
    assert associations(np.empty((300, 0)), [one, other])[0, 1] == pytest.approx(wanted)

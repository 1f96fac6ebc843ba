"""Which rows are new to a model, and which of them judge its challenger."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from foldwise.data.holdout import set_holdout
from foldwise.data.new_rows import ChampionContext, fresh_holdout, identity_columns, judging
from foldwise.data.read_table import read_table
from foldwise.spec.data import CsvData


@pytest.fixture
def grown(tmp_path):
    """Reads the first rows of a table of 300, with more of `data`'s options."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=300).round(5), "b": rng.choice(list("xyz"), 300)})
    frame["when"] = [f"2025-01-{1 + (n * 7) % 28:02d}" for n in range(300)]
    frame["who"] = [f"p{n // 5}" for n in range(300)]
    frame["answer"] = rng.choice(["no", "yes"], 300)

    def grown(rows, **options):
        frame.iloc[:rows].to_csv(tmp_path / "rows.csv", index=False)
        data = CsvData(kind="csv", path=str(tmp_path / "rows.csv"), target="answer", **options)
        return read_table(data), data

    return grown


def _context(table, data, new_rows=0.5):
    development, held, record = set_holdout(table, data.holdout, data)
    context = ChampionContext(record, identity_columns(table, data), None, new_rows)
    return replace(context, trained=np.unique(context.keys(table, data)[development])), development, held


def test_a_row_stays_what_it_was_and_new_rows_are_known_as_new(grown):
    table, data = grown(200)
    context, _, held = _context(table, data)
    later, _ = grown(300)
    now, aside, _ = set_holdout(later, data.holdout, data, context.holdout)
    assert set(held) == {row for row in aside if row < 200}
    new = context.not_trained(context.keys(later, data)[now])
    assert set(now[new]) == {row for row in now if row >= 200}


def test_the_newest_of_the_new_rows_are_held_back(grown):
    table, data = grown(200)
    context, _, _ = _context(table, data, 0.25)
    later, _ = grown(300)
    now, _, _ = set_holdout(later, data.holdout, data, context.holdout)
    develop, new_rows = fresh_holdout(later, now, context, data)
    new = [row for row in now if row >= 200]
    assert list(new_rows) == new[-int(0.25 * len(new)) :]
    assert sorted([*develop, *new_rows]) == list(now)


def test_the_time_orders_the_rows_if_there_is_one(grown):
    table, data = grown(200, time="when", row_key=("a",))
    context, _, _ = _context(table, data)
    later, _ = grown(300, time="when", row_key=("a",))
    now, _, _ = set_holdout(later, data.holdout, data, context.holdout)
    develop, new_rows = fresh_holdout(later, now, context, data)
    new = np.array([row for row in develop if row >= 200])
    assert later.times[new_rows].min() >= later.times[new].max()


def test_groups_that_the_model_knows_are_not_new(grown):
    table, data = grown(202, group="who")
    context, _, _ = _context(table, data)
    later, _ = grown(300, group="who")
    now, _, _ = set_holdout(later, data.holdout, data, context.holdout)
    develop, new_rows = fresh_holdout(later, now, context, data)
    assert not set(later.groups[new_rows]) & set(later.groups[develop])
    known = {later.groups[row] for row in now if row < 202}
    assert not known & set(later.groups[new_rows])


def test_without_known_rows_no_row_is_new(grown):
    table, data = grown(200)
    context, development, _ = _context(table, data)
    unknown = replace(context, trained=None)
    develop, new_rows = fresh_holdout(table, development, unknown, data)
    assert (list(develop), list(new_rows)) == (list(development), [])


def test_rows_that_a_model_knows_do_not_judge(grown):
    table, data = grown(200, group="who", row_key=("a",))
    context, _, _ = _context(table, data)
    later, _ = grown(300, group="who", row_key=("a",))
    now, aside, _ = set_holdout(later, data.holdout, data, context.holdout)
    assert not set(later.groups[aside]) & set(later.groups[now])  # groups stay together though rows have a key
    assert judging(later, now, later.take(aside), context, data).all()
    # a file of rows that the table has too, and rows of a group that the challenger knows
    given = later.take(np.concatenate([aside[:3], now[:4]]))
    assert judging(later, now, given, context, data).tolist() == [True] * 3 + [False] * 4
    known = later.groups == later.groups[now[-1]]
    part = now[~np.isin(now, np.flatnonzero(known)[1:])]
    assert not judging(later, part, later.take(np.flatnonzero(known)[1:]), context, data).any()


def test_rows_stay_known_when_a_column_is_left_out_or_joins(grown):
    table, data = grown(200)
    context, development, _ = _context(table, data)
    without = data.model_copy(update={"drop": ("b",)})
    assert not context.not_trained(context.keys(table, without)[development]).any()

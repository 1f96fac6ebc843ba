"""Rows that lack one of the champion's columns are refused, with the column and the reason."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from foldwise.config.read import read_service
from foldwise.data.holdout import set_holdout
from foldwise.data.new_rows import ChampionContext
from foldwise.doors.compose import compose_service
from foldwise.doors.screen import Screen
from foldwise.errors import DataError
from foldwise.retraining.challenger import challenger_study
from foldwise.retraining.rows import check_rows, current_rows, look
from foldwise.retraining.spec import RetrainSpec
from foldwise.study.plan import plan_study
from tests.unit.retraining.test_challenger import _record

RNG = np.random.default_rng(0)
ROWS = pd.DataFrame({"a": RNG.normal(size=90).round(3), "b": list("uvw") * 30, "y": ["no", "yes"] * 45})
ASKED = ["model=shop", "ledger.url=null"]


@pytest.fixture
def champion(tmp_path):
    """The champion's study, and the context of its rows."""
    ROWS.to_csv(tmp_path / "rows.csv", index=False)
    runs = [f"paths.runs={tmp_path / 'runs'}"]
    record = _record(f"data.path={tmp_path / 'rows.csv'}", *runs)
    asked = read_service(RetrainSpec, compose_service("retrain", [*ASKED, *runs]))
    plan = plan_study(challenger_study(record, asked))
    _, _, holdout = set_holdout(plan.table, plan.spec.fixed.data.holdout, plan.spec.fixed.data)
    return SimpleNamespace(record=record, context=ChampionContext(holdout, None, None, 0.25), table=plan.table, runs=runs)


def _look(champion, tmp_path, rows):
    rows.to_csv(tmp_path / "now.csv", index=False)
    words = [*ASKED, *champion.runs, f"data.path={tmp_path / 'now.csv'}"]
    asked = read_service(RetrainSpec, compose_service("retrain", words))
    screen = Screen()
    return look(*current_rows(champion.record, asked, screen), champion.context, screen), asked


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"a": 1.5}, "column a is a feature of the champion and cannot be learned from any more .a: constant, always '1.5'"),
        ({"b": "u"}, "column b is a feature of the champion .* .b: constant, always 'u'"),
        ({"a": None}, "column a is a feature of the champion .* .a: all missing"),
        ({"b": None}, "column b is a feature of the champion .* .b: all missing"),
        ({"a": "what"}, "column a"),
        ({"a": ["inf", *ROWS["a"][1:]]}, "column a, row 1: "),
        ({"a": [*ROWS["a"][:-1], "-inf"]}, "column a, row 90: "),
        ({"a": [*ROWS["a"][:-1], "what"]}, "column a, row 90: 'what' is not a number"),
    ],
)
def test_a_column_that_cannot_be_learned_from_any_more_is_named(champion, tmp_path, change, sentence):
    with pytest.raises(DataError, match=sentence):
        _look(champion, tmp_path, ROWS.assign(**change))


def test_columns_beyond_those_that_the_ledger_lists_are_missed_too(champion, tmp_path):
    from foldwise.data.schema import Schema

    listed = replace(champion.record.provenance, columns={"b": "category"})
    champion.record = replace(champion.record, provenance=listed)
    champion.record.recipe["data"]["kinds"] = {"a": "number"}
    plan, asked = _look(champion, tmp_path, ROWS.assign(a=1.5))
    card = SimpleNamespace(schema=Schema(champion.table.schema.columns), labels=plan.table.labels, profile=())
    with pytest.raises(DataError, match="column a is a feature of the champion"):
        check_rows(plan, asked, card, print)

"""Which rows are new since the last look, and whether evidence or a test decides."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from foldwise.data.new_rows import ChampionContext, identity_columns
from foldwise.data.read_table import read_table
from foldwise.evaluation.evidence import Evidence, add
from foldwise.evaluation.permutation import Side
from foldwise.evaluation.row_losses import RowLoss
from foldwise.ledger.looks import Look
from foldwise.ledger.promotions import Promotion
from foldwise.retraining.by_evidence import differences, finding
from foldwise.retraining.gate import as_seen, gate_of
from foldwise.spec.data import CsvData
from foldwise.spec.study import PromotionSpec

NOW = datetime(2026, 1, 5, tzinfo=UTC)
RNG = np.random.default_rng(0)
FRAME = pd.DataFrame({"a": RNG.normal(size=400).round(5), "who": [f"p{n // 4}" for n in range(400)], "y": ["no", "yes"] * 200})


@pytest.fixture
def table(tmp_path):
    def table(rows, **options):
        FRAME.iloc[:rows].to_csv(tmp_path / "rows.csv", index=False)
        data = CsvData(kind="csv", path=str(tmp_path / "rows.csv"), target="y", **options)
        return read_table(data), data

    return table


def _look(number=1, **values):
    usual = {"reign": 1, "challenger": None, "kind": "evidence", "data_fingerprint": "e" * 64, "columns": ("a", "who")}
    usual["rows"] = 0
    return Look("shop", number, **{**usual, "loss": None, "evidence": None, "scores": None, "moment": NOW, **values})


def _gate(now, data, looks=(), seen=(), metric="accuracy", kind="auto", trained=None):
    context = ChampionContext({}, identity_columns(now, data), trained, 0.0)
    return gate_of(now, data, context, metric, PromotionSpec(kind=kind), looks, np.array(seen), 50)


def _keys(table, data):
    return ChampionContext({}, identity_columns(table, data), None, 0.0).keys(table, data)


@pytest.mark.parametrize(
    ("rows", "metric", "kind", "found", "why"),
    [
        (330, "accuracy", "auto", "evidence", "accuracy is compared row by row, and 130 rows are new"),
        (299, "accuracy", "auto", "test", "99 rows are new, and evidence needs 100 a look"),
        (201, "accuracy", "auto", "test", "1 row is new, and evidence needs 100 a look"),
        (400, "roc_auc", "auto", "test", "roc_auc is not a mean over rows"),
        (400, "accuracy", "test", "test", "promotion.kind=test"),
        (240, "accuracy", "evidence", "evidence", "promotion.kind=evidence; 40 rows are new, and below 100 a look it is slow"),
    ],
)
def test_evidence_needs_a_mean_over_rows_and_enough_of_them(table, rows, metric, kind, found, why):
    before, data = table(200)
    now, _ = table(rows)
    gate = _gate(now, data, [_look()], _keys(before, data).ravel(), metric, kind)
    assert (gate.kind, gate.why) == (found, why)
    assert gate.unseen.tolist() == [False] * 200 + [True] * (rows - 200)


def test_at_the_first_look_rows_are_new_that_the_champion_had_neither_learnt_nor_set_aside(table):
    before, data = table(200)
    trained = np.unique(_keys(before, data)[:150])
    assert "at least 100 rows are new" in _gate(table(300)[0], data, trained=trained).why
    assert "99 rows are new" in _gate(table(299)[0], data, trained=trained).why
    gate = _gate(table(300)[0], data, trained=trained)
    assert gate.unseen.all()  # none counts yet, and all will have been seen
    assert len(as_seen(gate)) == 300


def test_a_start_with_the_rows_of_the_last_look_goes_on_with_it(table):
    now, data = table(210)
    look = _look(data_fingerprint=now.fingerprint)
    gate = _gate(now, data, [look], _keys(now, data).ravel())
    assert (gate.kind, gate.resumed, gate.unseen.any()) == ("evidence", True, False)
    assert not _gate(table(211)[0], data, [look], _keys(now, data).ravel()).resumed


def test_a_row_of_a_group_that_was_seen_is_not_new(table):
    before, data = table(202, group="who")
    now, _ = table(300, group="who")
    gate = _gate(now, data, [_look(columns=("a", "who"))], np.unique(_keys(before, data)))
    assert gate.unseen.tolist() == [False] * 204 + [True] * 96


def test_keys_of_other_columns_cannot_be_compared_so_no_row_counts(table):
    now, data = table(400)
    gate = _gate(now, data, [_look(columns=("a",))], [0.5])
    assert (gate.kind, gate.unseen.any(), len(as_seen(gate))) == ("test", False, 400)


def test_rows_of_one_unit_count_as_one_in_the_order_of_their_keys():
    loss, truth, units = RowLoss("mae", 1.0, (), 0.0, 0.0), np.zeros(5), np.array([0.9, 0.2, 0.9, 0.2, 0.5])
    champion, challenger = np.array([1.0, 0.1, 0.0, 0.3, 0.3]), np.array([0.0, 0.0, 1.0, 0.1, 0.0])
    found = differences(loss, truth, Side(champion, 0.5), Side(challenger, 0.5), units)
    assert found.tolist() == pytest.approx([0.15, 0.3, 0.0])  # above 0 where the challenger is better
    for seed in range(20):
        order = np.random.default_rng(seed).permutation(5)
        sides = (Side(champion[order], 0.5), Side(challenger[order], 0.5))
        assert differences(loss, truth, *sides, units[order]).tolist() == found.tolist()


def test_each_model_answers_with_its_own_threshold():
    loss, truth = RowLoss("accuracy", 1.0, (), 0.0, 0.0), np.array([1])
    answers = np.array([[0.6, 0.4]])
    assert differences(loss, truth, Side(answers, 0.5), Side(answers, 0.3), np.array([0.1])).tolist() == [1.0]


def _champion(number):
    return Promotion("shop", number, 1, None, "first", {}, NOW, "")


def _counted(number, evidence, rows=100, **values):
    return _look(number, rows=rows, challenger=7, loss={"asked": 0.0}, evidence=evidence.to_json(), **values)


def test_the_evidence_of_a_reign_is_said_with_its_looks_and_rows():
    state = add(Evidence(), [1.0, 0.0, 0.0, -1.0] * 200)
    by_test = _look(3, kind="test", loss={"asked": 0.0}, evidence=state.to_json())
    looks = [_look(1), _counted(2, state), by_test, _counted(4, state)]
    found = finding(looks[-1], looks, _champion(1), PromotionSpec())
    assert not found.promoted
    assert found.why.startswith("evidence 0.48 of the 20 needed after 2 looks and 800 rows")
    assert (found.record["looks"], found.record["rows_now"], len(found.record["weeks"])) == (2, 100, 2)


def test_enough_evidence_promotes_once_and_only_against_the_champion_of_its_reign():
    state = add(Evidence(), [1.0, 0.0, 0.0, 0.0] * 100)
    look = _counted(2, state)
    found = finding(look, [_look(1), look], _champion(1), PromotionSpec())
    assert found.promoted
    assert "at least the 20 needed, after 1 look and 400 rows" in found.why
    assert finding(look, [_look(1), look], _champion(2), PromotionSpec()) is None
    without_rows = _counted(3, state, rows=0)
    assert not finding(without_rows, [look, without_rows], _champion(1), PromotionSpec()).promoted


def test_before_a_challenger_has_answered_there_is_nothing_to_say():
    found = finding(_look(), [], _champion(1), PromotionSpec())
    assert (found.promoted, found.why) == (False, "no row has been answered by a challenger of this champion yet")

"""Results between the end of training and the ledger's commit."""

import json
import math
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from foldwise.ledger.ledger import open_ledger
from foldwise.ledger.pending_results import KeptResults, Running
from foldwise.trial.result import FoldScore, TrialResult, same
from tests.contract.ledgers import PARAMS, new_study, result

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def kept(tmp_path):
    return KeptResults(tmp_path / "results", "mine", MOMENT)


@pytest.mark.parametrize("synced", [True, False])
def test_a_result_comes_back_bit_for_bit(kept, synced):
    curve = (math.nan, math.inf, -math.inf, 0.1 + 0.2, 5e-324, -0.0, 1.7976931348623157e308)
    fold = FoldScore(0, 1 / 3, {"accuracy": math.nan}, {"loss": curve}, 3, 0.5)
    written = replace(result(4), folds=(fold,), mean=math.nan, costs={"parameters": 51.0}, reused=2)
    kept.keep(3, written, synced)
    ((attempt, read),) = kept.left({4: Running(3, PARAMS)}, pytest.fail)
    assert attempt == 3
    assert same(read, written)
    assert repr(read.folds[0].curves["loss"]) == repr(curve)
    assert isinstance(read, TrialResult)


def test_results_of_finished_trials_and_of_earlier_attempts_are_removed(kept, tmp_path):
    for number in range(3):
        kept.keep(1, result(number))
    assert [r.number for _, r in kept.left({1: Running(1, PARAMS), 2: Running(2, PARAMS)}, pytest.fail)] == [1]
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["1.1.json"]
    kept.drop(1, 1)
    assert list((tmp_path / "results").iterdir()) == []


def test_damaged_and_foreign_files_are_ignored_with_a_note(kept, tmp_path):
    kept.keep(1, result(1))
    whole = (tmp_path / "results" / "1.1.json").read_text()
    KeptResults(tmp_path / "results", "another", MOMENT).keep(1, result(2))
    KeptResults(tmp_path / "results", "mine", MOMENT.replace(year=2025)).keep(1, result(3))
    (tmp_path / "results" / "4.1.json").write_text(whole[:-20])
    (tmp_path / "results" / "5.1.json").write_text(whole)  # its content is that of trial 1
    (tmp_path / "results" / "6.1.json").write_text("[1, 2]")
    (tmp_path / "results" / ".7.1.json.99.part").write_text("{")
    notes = []
    left = kept.left({number: Running(1, PARAMS) for number in range(8)}, notes.append)
    assert [r.number for _, r in left] == [1]
    assert sorted(note.partition(" is not a result")[0][-8:] for note in notes) == [
        f"{number}.1.json" for number in range(2, 7)
    ]
    assert not (tmp_path / "results" / ".7.1.json.99.part").exists()


def test_a_ledger_commits_what_an_earlier_start_kept(tmp_path):
    url, notes = f"sqlite:///{tmp_path / 'ledger.db'}", []
    first = open_ledger(url)
    created = new_study(first).created
    first.begin_trial("iris-1", 0, PARAMS)
    first.begin_trial("iris-1", 1, PARAMS)
    first.close()
    KeptResults(tmp_path / "results", "iris-1", created).keep(1, result(1))
    second = open_ledger(url, notes.append)
    second.lead("iris-1")
    second.recover("iris-1", tmp_path / "results")
    assert [row.result is not None for row in second.trials("iris-1")] == [False, True]
    assert same(second.trials("iris-1")[1].result, result(1))
    assert notes == ["trial 1 was trained by an earlier start; its result is committed now"]
    assert list((tmp_path / "results").iterdir()) == []
    second.begin_trial("iris-1", 0, PARAMS)
    second.finish_trial("iris-1", result(0))
    assert list((tmp_path / "results").iterdir()) == []
    second.close()


def test_the_file_is_there_when_the_ledger_fails(tmp_path):
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    new_study(ledger)
    ledger.recover("iris-1", tmp_path / "results")
    ledger.begin_trial("iris-1", 0, PARAMS)
    with ledger._transactions.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE folds")
    with pytest.raises(Exception, match="no such table"):
        ledger.finish_trial("iris-1", result(0))
    assert json.loads((tmp_path / "results" / "0.1.json").read_text())["attempt"] == 1
    ledger.close()

"""The list of all studies, and the names of pages."""

import json
import re
from dataclasses import replace

from foldwise.doors.compare import page_name
from foldwise.doors.study_list import COLUMNS, is_held, study_list
from foldwise.ledger.ledger import open_ledger
from foldwise.ledger.study_lock import lock_study
from tests.contract.ledgers import failed, finish, new_study, result, summary


def test_a_row_for_each_study_newest_first(tmp_path):
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    new_study(ledger, "done")
    ledger.finish_study("done", replace(summary(), answer="no difference shown"))
    new_study(ledger, "open")
    for outcome in (result(0, mean=0.7), result(1, mean=0.9), failed(2)):
        finish(ledger, "open", outcome)
    with lock_study(tmp_path / "open" / "lock"):
        first, second = study_list(ledger, tmp_path)
    assert first[:8] == ["open", "running", "3", "0.9000", "-", "-", "-", "-"]
    assert second[:8] == ["done", "finished", "2", "0.9100", "-", "0.8000", "no diff", "3"]
    assert len(first) == len(second) == len(COLUMNS)
    assert re.fullmatch(r"\d\d \w{3}", first[8])
    assert study_list(ledger, tmp_path)[0][1] == "not finished"
    ledger.close()


def test_a_lock_is_looked_at_and_neither_made_nor_kept(tmp_path):
    lock = tmp_path / "s" / "lock"
    assert not is_held(lock)
    assert not lock.parent.exists()
    with lock_study(lock):
        assert is_held(lock)
        assert is_held(lock)
        assert json.loads(lock.read_text())["pid"]
    assert not is_held(lock)
    with lock_study(lock):
        pass


def test_the_name_of_a_page_names_its_studies_and_is_a_short_file_name():
    assert page_name(["a", "b"]) == "a-vs-b.html"
    long = [page_name([f"{'x' * 99}{place}", "y" * 99]) for place in range(2)]
    assert len(set(long)) == 2
    assert all(len(name) < 150 for name in long)

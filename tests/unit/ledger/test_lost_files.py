"""A ledger whose file is deleted or replaced, or has no room to grow."""

import resource
import shutil
import sqlite3
from contextlib import closing, contextmanager

import pytest

from foldwise.errors import DiskFull, Replaced
from foldwise.ledger.ledger import open_ledger
from tests.contract.ledgers import PARAMS, finish, new_study, result


@pytest.fixture
def path(tmp_path):
    (tmp_path / "runs").mkdir()
    return tmp_path / "runs" / "ledger.db"


@pytest.fixture
def ledger(path):
    opened = open_ledger(f"sqlite:///{path}")
    yield opened
    opened.close()


def delete(path):
    path.unlink()


def delete_folder(path):
    shutil.rmtree(path.parent)


def rename_folder(path):
    path.parent.rename(path.parent.with_name("elsewhere"))
    path.parent.mkdir()


def replace_by_a_copy(path):
    shutil.copy(path, path.with_name("copy"))
    path.with_name("copy").replace(path)


def replace_by_an_empty_file(path):
    path.unlink()
    path.touch()


WAYS = [delete, delete_folder, rename_folder, replace_by_a_copy, replace_by_an_empty_file]


@pytest.mark.parametrize("way", WAYS)
def test_the_next_call_notices_and_writes_nothing(way, ledger, path):
    new_study(ledger)
    finish(ledger, "iris-1", result(0))
    ledger.begin_trial("iris-1", 1, PARAMS)
    way(path)
    before = path.read_bytes() if path.exists() else None
    for call in (
        lambda: ledger.finish_trial("iris-1", result(1)),
        lambda: ledger.begin_trial("iris-1", 2, PARAMS),
        lambda: ledger.trials("iris-1"),
        ledger.names,
    ):
        with pytest.raises(Replaced, match=r"ledger\.db was (deleted|replaced)"):
            call()
    assert (path.read_bytes() if path.exists() else None) == before


def test_a_file_that_is_put_back_has_every_committed_trial(ledger, path):
    new_study(ledger)
    finish(ledger, "iris-1", result(0))
    path.rename(path.with_name("aside"))
    with pytest.raises(Replaced):
        ledger.begin_trial("iris-1", 1, PARAMS)
    path.with_name("aside").rename(path)
    ledger.begin_trial("iris-1", 1, PARAMS)
    ledger.finish_trial("iris-1", result(1))
    assert [row.number for row in ledger.trials("iris-1")] == [0, 1]


@contextmanager
def largest_file(size):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_without_room_the_sentence_has_the_path_and_no_sql_and_it_goes_on_later(ledger, path):
    new_study(ledger)
    ledger.begin_trial("iris-1", 0, PARAMS)
    large = result(0, epochs=2000)
    sizes = [file.stat().st_size for file in path.parent.iterdir()]
    with largest_file(max(sizes)), pytest.raises(DiskFull) as caught:
        ledger.finish_trial("iris-1", large)
    sentence = str(caught.value)
    assert str(path) in sentence
    assert "MB free" in sentence
    assert not {"INSERT", "UPDATE", "SELECT", "sqlite3"} & set(sentence.split())
    ledger.finish_trial("iris-1", large)
    assert [row.result.state for row in ledger.trials("iris-1")] == ["COMPLETE"]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_without_room_for_a_new_ledger_it_is_said_too(path):
    with largest_file(4096), pytest.raises(DiskFull, match="MB free"):
        open_ledger(f"sqlite:///{path}")
    open_ledger(f"sqlite:///{path}").close()


def test_a_deleted_wal_file_stops_the_study_and_nothing_that_was_written_is_lost(ledger, path):
    new_study(ledger)
    finish(ledger, "iris-1", result(0))
    path.with_name("ledger.db-wal").unlink()
    with pytest.raises(Replaced, match=r"ledger\.db-wal was deleted while it was in use"):
        finish(ledger, "iris-1", result(1))
    ledger.close()
    with closing(open_ledger(f"sqlite:///{path}")) as again:
        assert [row.number for row in again.trials("iris-1")] == [0]


def test_a_ledger_that_another_process_opens_and_closes_keeps_its_wal_file(ledger, path):
    new_study(ledger)
    for number in range(3):
        with closing(open_ledger(f"sqlite:///{path}")) as other:
            assert len(other.trials("iris-1")) == number
        finish(ledger, "iris-1", result(number))
    ledger.close()
    with closing(open_ledger(f"sqlite:///{path}")) as again:
        assert len(again.trials("iris-1")) == 3

import pytest

from foldwise.errors import Replaced
from foldwise.system.watched_file import WatchedFile


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "runs" / "ledger.db"
    file.parent.mkdir()
    file.write_bytes(b"one")
    return file


def test_a_file_that_is_written_to_stays_the_same_file(path):
    watched = WatchedFile(path)
    path.write_bytes(b"two")
    watched.raise_if_replaced()


def test_a_deleted_file_is_noticed(path):
    watched = WatchedFile(path)
    path.unlink()
    with pytest.raises(Replaced, match=r"ledger\.db was deleted while it was in use"):
        watched.raise_if_replaced()


def test_a_file_in_its_place_is_noticed_also_with_the_same_content(path):
    watched = WatchedFile(path)
    (path.parent / "other").write_bytes(b"one")
    (path.parent / "other").replace(path)
    with pytest.raises(Replaced, match="replaced by another file"):
        watched.raise_if_replaced()


def test_a_file_that_is_put_back_is_the_same_one(path):
    watched = WatchedFile(path)
    path.rename(path.parent / "aside")
    (path.parent / "aside").rename(path)
    watched.raise_if_replaced()


def test_a_folder_that_is_renamed_and_replaced_by_a_file_is_noticed(path):
    watched = WatchedFile(path)
    path.parent.rename(path.parent.with_name("old"))
    path.parent.write_bytes(b"")
    with pytest.raises(Replaced, match="was deleted"):
        watched.raise_if_replaced()


def test_a_path_without_a_file_is_not_watched(tmp_path):
    watched = WatchedFile(tmp_path / "later.db")
    (tmp_path / "later.db").touch()
    assert not watched.is_watched
    watched.raise_if_replaced()

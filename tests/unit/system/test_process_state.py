"""What a call changes is as it was after it, however it ends; a process without a call keeps its changes."""

import logging
import os
import random
import signal
import sys
import threading
import warnings
from contextlib import nullcontext

import numpy as np
import pytest

from foldwise.system.process_state import restored, set_level, undo_later


@pytest.fixture
def logger():
    found = logging.getLogger("foldwise.test")
    found.setLevel(logging.INFO)
    yield found
    found.setLevel(logging.NOTSET)


def _change(tmp_path):
    set_level("foldwise.test", "ERROR")
    set_level("foldwise.test", "CRITICAL")
    os.environ["MLFLOW_TEST"] = "1"
    os.environ.pop("TF_TEST", None)
    random.random()
    np.random.random()
    warnings.filterwarnings("ignore", "a filter of the call")
    signal.signal(signal.SIGTERM, lambda number, frame: None)
    sys.stdout = sys.stderr
    os.chdir(tmp_path)


def _seen(logger):
    handler = signal.getsignal(signal.SIGTERM)
    numbers = np.random.get_state()[1].tobytes()
    return (
        logger.level,
        dict(os.environ),
        random.getstate(),
        numbers,
        list(warnings.filters),
        handler,
        sys.stdout,
        os.getcwd(),  # noqa: PTH109
    )


@pytest.mark.parametrize("fault", [None, ValueError, KeyboardInterrupt])
def test_everything_is_as_it_was_however_the_call_ends(logger, tmp_path, monkeypatch, fault):
    monkeypatch.setenv("TF_TEST", "mine")
    before = _seen(logger)
    with nullcontext() if fault is None else pytest.raises(fault), restored():
        _change(tmp_path)
        assert _seen(logger) != before
        if fault is not None:
            raise fault
    assert _seen(logger) == before


def test_a_variable_that_is_none_of_ours_stays(monkeypatch):
    monkeypatch.delenv("OTHER_TEST", raising=False)
    with restored():
        monkeypatch.setenv("OTHER_TEST", "1")
    assert os.environ["OTHER_TEST"] == "1"


def test_the_outer_call_restores_and_the_last_change_is_undone_first(logger):
    done = []
    with restored():
        undo_later("one", lambda: done.append("one"))
        with restored():
            undo_later("two", lambda: done.append("two"))
            undo_later("one", lambda: done.append("again"))
            set_level("foldwise.test", "ERROR")
        assert done == []
        assert logger.level == logging.ERROR
    assert done == ["two", "one"]
    assert logger.level == logging.INFO


def test_without_a_call_a_change_stays(logger):
    undo_later("one", lambda: pytest.fail("nothing is to be undone"))
    set_level("foldwise.test", "ERROR")
    assert logger.level == logging.ERROR


def test_a_call_in_another_thread_leaves_the_handlers_alone():
    faults = []

    def call():
        try:
            with restored():
                pass
        except ValueError as fault:  # Python allows signals in the main thread only
            faults.append(fault)

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    assert faults == []


def test_filters_of_an_import_are_there_in_the_next_call_again():
    with restored():
        warnings.filterwarnings("ignore", "of a library")
    assert not any("of a library" in str(each) for each in warnings.filters)
    with restored(), warnings.catch_warnings(record=True) as caught:
        warnings.warn("of a library", stacklevel=1)
    assert caught == []

import os
import signal
import threading

import pytest

from foldwise.errors import Interrupted
from foldwise.system.signals import handlers, stoppable, until_signal


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_and_the_second_ends(number):
    said = []
    before = signal.getsignal(number)
    with stoppable(said.append) as check:
        check()
        os.kill(os.getpid(), number)
        with pytest.raises(Interrupted):
            check()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    assert len(said) == 1
    assert signal.getsignal(number) == before


def test_without_a_study_the_first_signal_only_asks():
    with until_signal("stopped by a signal") as check:
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(Interrupted, match="stopped by a signal"):
            check()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)


def test_handlers_are_put_back_after_a_fault():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), handlers({signal.SIGTERM: signal.default_int_handler}):
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) == before


def test_outside_the_main_thread_nothing_is_caught():
    seen = []

    def work():
        with stoppable(seen.append) as check:
            check()
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGINT)]

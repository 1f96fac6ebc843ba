"""When one end of a pair of processes begins to carry out what the other one asks."""

from __future__ import annotations

import os
import time

import pytest

from foldwise.tracking.calls import Calls


class Asks:
    """A target that needs its own end of the pair."""

    calls: Calls

    def ended(self):
        return self.calls.ended.is_set()


@pytest.fixture
def pair():
    there, here = os.pipe()
    back_here, back_there = os.pipe()
    ends = [os.fdopen(end, mode) for end, mode in ((there, "rb"), (back_there, "wb"), (back_here, "rb"), (here, "wb"))]
    yield ends[:2], ends[2:]
    for end in (ends[3], ends[1], ends[0], ends[2]):
        end.close()


def test_a_call_that_is_there_already_waits_for_the_start(pair):
    (there_in, there_out), (here_in, here_out) = pair
    here = Calls(here_in, here_out, {}, "it has ended")
    here.start()
    asked = here.call("asks", "ended")
    asks = Asks()
    there = Calls(there_in, there_out, {"asks": asks}, "it has ended")
    time.sleep(0.3)
    assert not asked.done()
    asks.calls = there
    there.start()
    assert asked.result(30) is False

"""The limits of a trial."""

import subprocess
import sys
import time

import pytest

from foldwise.errors import TrialFailed
from foldwise.system.limits import NO_LIMITS, Limits, free_mb, own_mb
from tests.fresh_memory import fresh_memory


def test_without_limits_everything_is_allowed():
    assert NO_LIMITS.broken(1e9, 1e9) is None
    NO_LIMITS.raise_if_over(1e9)


def test_a_trial_that_takes_too_long_fails_with_its_limit():
    limits = Limits(seconds=2)
    limits.raise_if_over(1.9)
    with pytest.raises(TrialFailed, match=r"^timeout: .*budget\.trial_seconds=2"):
        limits.raise_if_over(2.1)


def test_a_trial_whose_process_is_too_large_fails_with_its_size():
    Limits(memory_mb=1e6).raise_if_over(0)
    with pytest.raises(TrialFailed, match=r"^memory: its process used \d+ MB at its peak, over budget\.trial_memory_mb=1;"):
        Limits(memory_mb=1).raise_if_over(0)


def test_memory_is_that_of_the_process_itself():
    before = own_mb()
    held = fresh_memory(100)
    assert own_mb() - before > 90
    held.close()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the memory of another process is not known")
def test_the_memory_of_another_process_is_known():
    words = [sys.executable, "-c", "held = bytearray(b'x') * (200 * 2**20); input()"]
    with subprocess.Popen(words, stdin=subprocess.PIPE) as other:
        end = time.monotonic() + 60
        while own_mb(other.pid) < 200 and time.monotonic() < end:
            time.sleep(0.01)
        assert own_mb(other.pid) >= 200
        other.communicate(b"\n")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere free memory is not known")
def test_free_memory_is_what_another_process_could_take():
    before = free_mb()
    held = fresh_memory(300)
    assert 0 < free_mb() < before + 100  # other processes come and go
    assert free_mb() < 16 * 2**20
    held.close()

"""What every executor must do; a new one is covered by being listed in EXECUTORS."""

from __future__ import annotations

import pytest

from foldwise.execution.here import HereExecutor
from foldwise.results import TrialResult

EXECUTORS = {"here": HereExecutor}


def _run(number: int) -> TrialResult:
    if number < 0:
        raise MemoryError("made so")
    return TrialResult(number, {"x": number}, "COMPLETE", mean=float(number))


@pytest.mark.parametrize("make", EXECUTORS.values(), ids=EXECUTORS)
class TestExecutor:
    def test_a_future_holds_the_job_s_result(self, make):
        executor = make(_run)
        futures = [executor.submit(number) for number in range(4)]
        assert [future.result(timeout=60).mean for future in futures] == [0.0, 1.0, 2.0, 3.0]
        executor.close()

    def test_what_a_job_raises_comes_out_of_its_future_and_others_go_on(self, make):
        executor = make(_run)
        broken, fine = executor.submit(-1), executor.submit(2)
        with pytest.raises(MemoryError, match="made so"):
            broken.result(timeout=60)
        assert fine.result(timeout=60).number == 2
        executor.close()

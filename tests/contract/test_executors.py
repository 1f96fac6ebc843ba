"""What every executor must do; a new one is covered by being listed in EXECUTORS."""

from __future__ import annotations

import weakref
from functools import partial

import pytest

from foldwise.execution.local import HereExecutor
from foldwise.execution.threads import ThreadsExecutor
from tests.contract import executors

EXECUTORS = [
    pytest.param(executors.here, id="here"),
    pytest.param(executors.threads, id="threads"),
    pytest.param(executors.dask, id="dask", marks=pytest.mark.slow),
]


@pytest.fixture(scope="module", params=EXECUTORS)
def executor(request):
    made = request.param()
    yield made
    made.close()


class TestExecutor:
    def test_a_future_holds_the_job_s_result(self, executor):
        futures = [executor.submit(number) for number in range(6)]
        assert [future.result(timeout=120).mean for future in futures] == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]

    def test_what_a_job_raises_comes_out_of_its_future_and_others_go_on(self, executor):
        broken, fine = executor.submit(("raise",)), executor.submit(2)
        with pytest.raises(MemoryError, match="made so"):
            broken.result(timeout=120)
        assert fine.result(timeout=120).number == 2

    def test_there_is_a_slot(self, executor):
        assert executor.slots >= 1


@pytest.mark.parametrize("make", [HereExecutor, partial(ThreadsExecutor, threads=2)], ids=["here", "threads"])
def test_what_jobs_were_run_with_in_this_process_is_free_once_it_is_closed(make):
    class Run:
        def __call__(self, job):
            return job

    run = Run()
    held = weakref.ref(run)
    executor = make(run)
    del run
    assert executor.submit("job").result(30) == "job"
    executor.close()
    assert held() is None

import threading

import pytest

from foldwise.execution.threads import ThreadsExecutor


@pytest.fixture
def open_executor():
    opened = []

    def open_executor(run, threads=2, singly=0):
        opened.append(ThreadsExecutor(run, threads, singly))
        return opened[-1]

    yield open_executor
    for executor in opened:
        executor.close()


def test_jobs_run_at_the_same_time(open_executor):
    both = threading.Barrier(2, timeout=30)
    executor = open_executor(lambda job: both.wait())
    assert sorted(future.result(30) for future in [executor.submit(0), executor.submit(1)]) == [0, 1]


def test_the_next_job_waits_for_a_thread(open_executor):
    running, over, begun = threading.Semaphore(0), threading.Event(), []

    def run(job):
        begun.append(job)
        running.release()
        over.wait(30)

    executor = open_executor(run)
    futures = [executor.submit(job) for job in range(executor.slots)]
    assert [running.acquire(timeout=30) for _ in range(2)] == [True, True]
    assert begun == [0, 1]
    over.set()
    for future in futures:
        future.result(30)
    assert begun == [0, 1, 2]


def test_the_first_jobs_of_a_start_after_a_crash_have_run_when_submit_returns(open_executor):
    where = []
    executor = open_executor(lambda job: where.append(threading.current_thread()), singly=2)
    futures = [executor.submit(job) for job in range(2)]
    assert all(future.done() for future in futures)
    executor.submit(2).result(30)
    assert where[:2] == [threading.current_thread()] * 2
    assert where[2] is not threading.current_thread()


def test_no_waiting_job_starts_once_it_is_closed(open_executor):
    running, over, begun = threading.Event(), threading.Event(), []

    def run(job):
        begun.append(job)
        running.set()
        over.wait(30)

    executor = open_executor(run, threads=1)
    futures = [executor.submit(job) for job in range(2)]
    assert running.wait(30)
    threading.Timer(0.2, over.set).start()
    executor.close()
    assert begun == [0]
    assert futures[1].cancelled()

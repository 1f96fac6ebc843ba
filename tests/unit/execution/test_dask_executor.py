"""Workers that die, grow, cannot start or lose their coordinator. Jobs train nothing, so no worker starts TensorFlow."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from foldwise.errors import JobError, WorkerDied
from foldwise.execution import dask_cluster
from tests.contract.executors import Broken, Deadly, dask
from tests.end_to_end.compose import free_port

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]


@pytest.fixture
def make():
    made = []

    def make(*arguments, **more):
        made.append(dask(*arguments, **more))
        return made[-1]

    yield make
    for executor in made:
        executor.close()


def process_of(executor):
    return executor.submit(("process",)).result(timeout=120).number


def is_alive(process):
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_worker_s_death_is_reported_with_its_signal_and_costs_no_other_trial(make, number):
    executor = make()
    slow = executor.submit(("sleep", 3))
    with pytest.raises(WorkerDied, match=number.name):
        executor.submit(("kill", number)).result(timeout=120)
    assert slow.result(timeout=120).state == "COMPLETE"
    assert [executor.submit(number).result(timeout=120).number for number in range(3)] == [0, 1, 2]


@pytest.mark.long
def test_a_worker_that_comes_back_at_the_same_address_is_opened_again(make, monkeypatch):
    options = dask_cluster._nanny
    port = free_port()
    monkeypatch.setattr(dask_cluster, "_nanny", lambda *given: {**options(*given), "worker_port": port})
    executor = make(workers=1)
    before = process_of(executor)
    with pytest.raises(WorkerDied, match="SIGKILL"):
        executor.submit(("kill", signal.SIGKILL)).result(timeout=60)
    assert executor.submit(("process",)).result(timeout=60).number != before


def test_a_job_runs_beside_others_and_none_waits_behind_a_slow_one(make):
    executor = make()
    assert executor.slots == 2
    slow = executor.submit(("sleep", 60))
    for number in range(5):
        assert executor.submit(number).result(timeout=50).number == number
    assert not slow.done()
    executor.close()
    assert slow.cancelled()


def test_every_worker_is_opened_once_and_its_messages_arrive(make):
    heard = []
    executor = make(workers=1, notify=heard.append)
    processes = {process_of(executor) for _ in range(4)}
    assert heard == [f"process {process} is open" for process in processes]
    assert len(processes) == 1


def test_a_worker_that_grows_is_renewed_between_trials(make):
    executor = make(workers=1, most_growth_mb=100)
    before = process_of(executor)
    assert executor.submit(("hold", 20)).result(timeout=120).state == "COMPLETE"
    assert process_of(executor) == before
    assert executor.submit(("hold", 200)).result(timeout=120).state == "COMPLETE"
    assert process_of(executor) != before


@pytest.mark.long
@pytest.mark.parametrize(("opening", "reason"), [(Broken(), "RuntimeError: made so"), (Deadly(), "SIGABRT")])
def test_if_no_worker_can_start_all_futures_get_the_reason(make, opening, reason):
    executor = make(opening, workers=1)
    with pytest.raises(JobError, match=f"no worker can train.*{reason}"):
        executor.submit(1).result(timeout=240)
    with pytest.raises(JobError, match="no worker can train"):
        executor.submit(2).result(timeout=120)


def test_nothing_is_left_behind_and_no_one_else_can_connect(make):
    executor = make()
    processes = {process_of(executor) for _ in range(2)}
    executor.submit(("sleep", 60))
    time.sleep(0.5)
    began = time.monotonic()
    executor.close()
    assert time.monotonic() - began < 5
    assert not any(map(is_alive, processes))


COORDINATOR = """
import time
from tests.contract.executors import dask
if __name__ == "__main__":
    executor = dask(workers=1)
    print(executor.submit(("process",)).result(timeout=120).number, flush=True)
    executor.submit(("sleep", 600))
    time.sleep(600)
"""


def test_workers_end_by_themselves_when_their_coordinator_is_killed(tmp_path):
    script = tmp_path / "coordinator.py"
    script.write_text(COORDINATOR)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}
    process = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True, env=environment)
    try:
        worker = int(process.stdout.readline())
        assert is_alive(worker)
    finally:
        process.kill()
        process.communicate()
    end = time.monotonic() + 20
    while is_alive(worker) and time.monotonic() < end:
        time.sleep(0.1)
    assert not is_alive(worker)


def test_a_worker_ignores_ctrl_c(make):
    executor = make(workers=1)
    worker = process_of(executor)
    os.kill(worker, signal.SIGINT)
    time.sleep(1)
    assert process_of(executor) == worker

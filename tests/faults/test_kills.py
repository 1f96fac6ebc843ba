"""kill -9 of the coordinator, of a worker and of both, at every named place: nothing is lost and nothing counts twice."""

import signal

import pytest

from foldwise.ledger.ledger import open_ledger
from foldwise.system.kill_points import COORDINATOR, WORKER
from foldwise.trial.result import same
from tests.faults.driver import NAME, scores

pytestmark = pytest.mark.slow

TRIALS = 5
CREATING = ("before-create", "in-create", "after-create")
# From these places on a trained result must not be trained again.
KEPT = ("after-result-file", "before-commit", "after-commit", "after-tell", "after-ship")


def numbers(path):
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def check(runs, url):
    """The study has exactly the trials asked for, each with its own result to the last bit."""
    ledger = open_ledger(url)
    rows, record = ledger.trials(NAME), ledger.study(NAME)
    ledger.close()
    assert [row.number for row in rows] == list(range(TRIALS))
    for row in rows:
        expected = scores(row.number)
        assert same(row.result, type(expected)(**{**vars(expected), "params": row.params}))
        assert set(row.params) == {"model.dropout"}
    assert record.summary.ended == "trials"
    committed = numbers(runs / "committed")
    assert len(set(committed)) == len(committed) <= TRIALS
    assert list((runs / "studies" / NAME / "results").iterdir()) == []
    return rows


def killed_twice(nursery, runs, url, executor, place, whom=""):
    """Two starts that die at the place, the first and the second time they reach it; then one without kill point."""
    deaths = 0
    for time in (1, 2):
        status = nursery.run(runs, url, executor, TRIALS, f"{place}:{time}{whom}")
        assert status in (-signal.SIGKILL, 0), (runs / "said").read_text()
        deaths += status == -signal.SIGKILL
    before = numbers(runs / "committed")
    assert nursery.run(runs, url, executor, TRIALS) == 0, (runs / "said").read_text()
    assert numbers(runs / "committed")[: len(before)] == before
    assert deaths >= 1
    return check(runs, url)


@pytest.mark.parametrize("place", [*COORDINATOR, *WORKER])
def test_one_process_that_coordinates_and_trains(place, nursery, url, tmp_path):
    killed_twice(nursery, tmp_path, url, "here", place)
    trained = numbers(tmp_path / "trained")
    assert set(trained) == set(range(TRIALS))
    if place in KEPT:
        assert len(trained) == TRIALS


@pytest.mark.parametrize("place", COORDINATOR)
def test_a_coordinator_whose_workers_live_on(place, nursery, url, tmp_path):
    killed_twice(nursery, tmp_path, url, "processes", place)


@pytest.mark.parametrize(
    "place",
    [
        *COORDINATOR[::2],
        *WORKER[::2],
        *(pytest.param(place, marks=pytest.mark.long) for place in (*COORDINATOR[1::2], *WORKER[1::2])),
    ],
)
def test_coordinator_and_workers_at_once(place, nursery, url, tmp_path):
    (tmp_path / "armed").touch()
    killed_twice(nursery, tmp_path, url, "processes", place, ":group")


@pytest.mark.parametrize("place", WORKER)
def test_a_worker_dies_and_the_study_goes_on(place, nursery, url, tmp_path):
    (tmp_path / "armed").touch()
    assert nursery.run(tmp_path, url, "processes", TRIALS, f"{place}:1") == 0, (tmp_path / "said").read_text()
    assert not (tmp_path / "armed").exists()
    rows = check(tmp_path, url)
    assert [row.attempt for row in rows] == [1] * TRIALS
    assert sorted(numbers(tmp_path / "committed")) == list(range(TRIALS))


# Each start makes a cluster, which takes seconds, so with dask's workers there is one death of each kind.


def test_a_dask_worker_dies_and_the_study_goes_on(nursery, tmp_path):
    (tmp_path / "armed").touch()
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    assert nursery.run(tmp_path, url, "dask", TRIALS, "after-fold:1") == 0, (tmp_path / "said").read_text()
    assert "its process ended by SIGKILL; it is run again" in (tmp_path / "said").read_text()
    assert sorted(row.attempt for row in check(tmp_path, url)) == [1] * (TRIALS - 1) + [2]
    assert sorted(numbers(tmp_path / "committed")) == list(range(TRIALS))


@pytest.mark.long
def test_a_coordinator_and_its_dask_workers_die_at_once(nursery, tmp_path):
    (tmp_path / "armed").touch()
    killed_twice(nursery, tmp_path, f"sqlite:///{tmp_path / 'ledger.db'}", "dask", "after-fold", ":group")

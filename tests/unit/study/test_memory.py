import re

import pytest
from rich.console import Console

from foldwise.config.read import read_study
from foldwise.data.fold_cache import FoldCache
from foldwise.doors.look import look_at_data
from foldwise.doors.screen import Screen
from foldwise.errors import ConfigError
from foldwise.study import memory
from foldwise.study.memory import GB, Memory, memory_needed
from foldwise.study.plan import plan_study
from foldwise.system.limits import own_mb
from tests.fresh_memory import fresh_memory

HUGE = 1e6 * GB


def _study(tmp_path, **options):
    data = {"kind": "sklearn", "name": "breast_cancer"}
    return read_study({"data": data, "paths": {"runs": str(tmp_path)}, "training": {"engine": "keras"}, **options})


@pytest.fixture
def said(monkeypatch):
    """Say it of small tables too."""
    monkeypatch.setattr(memory, "FEW_CELLS", 0)
    monkeypatch.setattr(memory, "SAID_FROM", 0)
    monkeypatch.setattr(memory, "LIBRARIES", dict.fromkeys(memory.LIBRARIES, 0.0))


def test_nothing_is_said_of_a_small_table(tmp_path):
    assert memory_needed(plan_study(_study(tmp_path))) is None


def test_the_estimate_grows_by_the_folds_that_are_kept_and_the_rows_of_one(tmp_path, said, monkeypatch):
    monkeypatch.setattr(memory, "own_mb", lambda: 0.0)
    few, many = (plan_study(_study(tmp_path, folds={"kind": "stratified", "count": count})) for count in (2, 6))
    trained = []
    for plan in (few, many):
        found = memory_needed(plan)
        folds = FoldCache(plan.table, plan.splits).folds(plan.spec.corners[0].prep)
        assert (found.rows, found.features, found.folds) == (569, folds.largest[1], len(plan.splits))
        trained.append(found.training)
        of_folds = sum(fold.train_x.nbytes + fold.valid_x.nbytes for fold in folds)
        trained[-1] -= of_folds
    assert trained[0] == pytest.approx(trained[1], rel=0.01)  # beside them one fold is copied for its training


def test_folds_that_do_not_fit_are_not_counted(tmp_path, said, monkeypatch):
    monkeypatch.setattr(memory, "own_mb", lambda: 0.0)
    plan = plan_study(_study(tmp_path, folds={"kind": "stratified", "count": 10}))
    whole = memory_needed(plan)
    one = 4 * 30 * len(plan.development)
    monkeypatch.setattr(memory, "MOST_BYTES", one)
    assert whole.training - memory_needed(plan).training == pytest.approx(7 * one, rel=0.02)  # one kept, two in use


def test_the_rows_that_are_in_memory_count(tmp_path, said):
    plan = plan_study(_study(tmp_path))
    before = memory_needed(plan).peak
    held = fresh_memory(100)
    assert memory_needed(plan).peak - before > 90 * 2**20
    held.close()


def test_every_worker_on_this_machine_counts(tmp_path, said):
    alone = memory_needed(plan_study(_study(tmp_path)))
    three, away = (
        memory_needed(plan_study(_study(tmp_path, execute={"kind": "dask", "workers": 3, "address": address})))
        for address in (None, "tcp://127.0.0.1:8786")
    )
    assert three.peak == 3 * three.training == pytest.approx(3 * alone.training, rel=0.1)
    assert three.sentence.endswith("features, 10 folds, 3 workers)")
    assert away.peak < 1.1 * alone.peak


def test_a_study_that_cannot_fit_is_refused_and_one_that_may_not_is_warned_of():
    assert Memory(10, 3, 2, training=0.0, concluding=0.0).check(None) is None
    with pytest.raises(
        ConfigError, match=r"^data: the study needs about 1000000\.0 GB of memory, and this machine has [\d.]+ GB"
    ):
        Memory(10, 3, 2, training=HUGE, concluding=0.0).check(None)
    asked = Memory(10, 3, 2, training=0.3 * GB, concluding=0.4 * GB)
    assert asked.check(400) is None
    assert asked.check(250).startswith(
        "budget.trial_memory_mb: the study needs about 0.3 GB of memory, and the limit is 0.2 GB"
    )
    with pytest.raises(ConfigError, match=r"^budget\.trial_memory_mb: "):
        asked.check(100)


def test_it_is_said_before_anything_is_written(tmp_path, said):
    console = Console(record=True, width=200, soft_wrap=True)
    look_at_data(_study(tmp_path), Screen(console))
    shown = console.export_text()
    gb = float(re.search(r"memory: about ([\d.]+) GB \(569 rows x 30 features, 10 folds\)", shown).group(1))
    assert own_mb() / 1024 - 0.1 < gb < own_mb() / 1024 + 1
    with pytest.raises(ConfigError, match=r"budget\.trial_memory_mb"):
        look_at_data(_study(tmp_path, budget={"trial_memory_mb": 10}), Screen(console))
    assert list(tmp_path.iterdir()) == []

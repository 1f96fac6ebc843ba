"""A person makes a version champion: recorded once with who and why, whatever kills the process; nonsense is refused."""

import json
import os
import signal
from contextlib import closing

import pytest

import foldwise
from foldwise.errors import ConfigError
from foldwise.ledger.ledger import open_ledger
from foldwise.tracking.mlflow_registry import MlflowRegistry
from foldwise.tracking.mlflow_store import mlflow_store
from tests.end_to_end.copies import copied
from tests.end_to_end.doors import SMALL, run

# TensorFlow is started before a model is loaded in this process, or it would keep the threads of one
pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.usefixtures("tensorflow_started")]

TRAIN = ["data=iris", "register=iris", "certify=none", *SMALL]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Runs with two versions of iris, of which the first is champion."""
    runs = tmp_path_factory.mktemp("promote") / "runs"
    for seed in (0, 1):
        done = run("train", *TRAIN, f"seed={seed}", f"study=iris-{seed}", runs=runs)
        assert done.returncode == 0, done.stderr
    return runs


def promote(runs, *words, **options):
    return run("promote", "model=iris", *words, runs=runs, **options)


def record(runs):
    """The champions in the ledger by version and kind, the ended changes, and the alias."""
    registry = MlflowRegistry(mlflow_store(runs))
    with closing(open_ledger(f"sqlite:///{runs / 'ledger.db'}")) as ledger:
        key = registry.identity("iris")
        champions = [(row.version, row.kind, row.why) for row in reversed(ledger.promotions.history(key))]
        ended = [(row.outcome, row.data_fingerprint) for row in ledger.versions.retrainings(key)]
        left = ledger.versions.unended(key)
    return champions, ended, left, registry.aliases("iris")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["version=7", "why=better"], "model: iris has no version 7; it has 1, 2"),
        (["version=1", "why=better"], "version: version 1 is the champion of iris already"),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(words, sentence, trained):
    done = promote(trained, *words)
    assert (done.returncode, done.stderr) == (2, f"error: {sentence}\n")
    champions, ended, _, aliases = record(trained)
    assert [version for version, _, _ in champions] == [1]
    assert (ended, aliases) == ([], {"champion": 1, "challenger": 2})


@pytest.mark.parametrize(
    "place",
    [
        "after-promotion",
        pytest.param("before-promotion", marks=pytest.mark.nightly),
        pytest.param("in-promotion", marks=pytest.mark.nightly),
        pytest.param("after-alias", marks=pytest.mark.nightly),
        pytest.param("after-retraining-ended", marks=pytest.mark.nightly),
    ],
)
def test_a_kill_at_any_place_leaves_one_promotion_after_the_next_start(place, trained, tmp_path):
    runs = copied(trained, tmp_path / "runs")
    words = ["version=2", "why='answers better on the new shop'"]
    killed = promote(runs, *words, env={**os.environ, "FOLDWISE_KILL": place})
    assert killed.returncode == -signal.SIGKILL, killed.stdout + killed.stderr
    again = promote(runs, *words)
    ended_before = place == "after-retraining-ended"
    assert again.returncode == (2 if ended_before else 0), again.stderr
    why = "answers better on the new shop"
    expected = [(1, "first", "the first champion of the model"), (2, "chosen", why)]
    assert record(runs) == (expected, [("PROMOTED", "chosen")], [], {"champion": 2})
    assert promote(runs, *words).stderr == "error: version: version 2 is the champion of iris already\n"


def test_the_history_has_who_and_why_and_a_rollback_goes_back(trained, tmp_path):
    runs = copied(trained, tmp_path / "runs")
    where = f"paths.runs={runs}"
    made = foldwise.promote("model=iris", "version=2", "why=better", where)
    assert (made["outcome"], made["challenger"]["version"], made["reason"]) == ("PROMOTED", 2, "better")
    (report,) = runs.glob("studies/iris-0/retrain/*.json")
    assert json.loads(report.read_text()) == made
    history = foldwise.retrain("model=iris", "action=history", "tracking.figures=false", where)
    assert [(one["version"], one["kind"], one["why"]) for one in history["champions"]][1] == (2, "chosen", "better")
    assert all(one["who"] for one in history["champions"])
    (row,) = history["retrainings"]
    assert (row["outcome"], row["gate"], row["champion"], row["challenger"]) == ("PROMOTED", "chosen", 1, 2)
    back = foldwise.retrain("model=iris", "rollback=true", "why=slow", where)
    assert (back["outcome"], back["challenger"]["version"]) == ("ROLLED_BACK", 1)
    with pytest.raises(ConfigError, match="version 1 is the champion of iris already"):
        foldwise.promote("model=iris", "version=1", "why=better", where)


def test_a_model_without_a_champion_gets_its_first_one(tmp_path):
    words = ["data=iris", "register=iris", "certify=none", *SMALL, "baselines=[logistic]", "promotion.require=better"]
    done = run("train", *words, "study=iris-0", runs=tmp_path)
    assert done.returncode == 0, done.stderr
    assert record(tmp_path)[3] == {"challenger": 1}
    made = promote(tmp_path, "version=1", "why=first")
    assert made.returncode == 0, made.stderr
    champions, ended, _, aliases = record(tmp_path)
    assert (champions, ended, aliases) == ([(1, "chosen", "first")], [("PROMOTED", "chosen")], {"champion": 1})
    history = foldwise.retrain("model=iris", "action=history", "tracking.figures=false", f"paths.runs={tmp_path}")
    assert [row["champion"] for row in history["retrainings"]] == [None]

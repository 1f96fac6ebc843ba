from contextlib import closing

import pytest

from foldwise.doors.shipping import ship_others
from foldwise.ledger.ledger import open_ledger
from foldwise.ledger.study_lock import lock_study
from foldwise.spec.places import TrackingSpec
from tests.contract.ledgers import finish, new_study, result


@pytest.fixture
def ledger(tmp_path):
    with closing(open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")) as opened:
        yield opened


def waits(ledger, name):
    new_study(ledger, name)
    finish(ledger, name, result(0))


@pytest.mark.slow
@pytest.mark.long
def test_what_waits_is_sent_except_for_a_study_that_is_running(ledger, tmp_path):
    waits(ledger, "left")
    waits(ledger, "runs")
    sentences = []
    with lock_study(tmp_path / "studies" / "runs" / "lock"):
        ship_others(ledger, TrackingSpec(), str(tmp_path), sentences.append)
        assert ledger.waiting() == ["runs"]
    ship_others(ledger, TrackingSpec(), str(tmp_path), sentences.append)
    assert ledger.waiting() == []
    assert sentences == [f"study {name} is not complete in MLflow; the rest is sent" for name in ("left", "runs")]


@pytest.mark.slow
def test_while_mlflow_is_away_the_first_refusal_ends_it(ledger, tmp_path):
    waits(ledger, "one")
    waits(ledger, "two")
    sentences = []
    ship_others(ledger, TrackingSpec(url="http://127.0.0.1:9"), str(tmp_path), sentences.append)
    assert ledger.waiting() == ["one", "two"]
    assert len(sentences) == 2
    assert sentences[1].startswith("MLflow did not accept 1 of the study's trials: ")


def test_in_memory_tracking_sends_nothing(ledger, tmp_path):
    waits(ledger, "quiet")
    ship_others(ledger, TrackingSpec(kind="in_memory"), str(tmp_path), pytest.fail)
    assert ledger.waiting() == ["quiet"]

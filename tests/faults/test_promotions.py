"""Racing promotions and kills: always one champion, and no acknowledged promotion is lost."""

import json
import os
import subprocess
import sys
from contextlib import closing

import pytest

from foldwise.ledger.ledger import open_ledger
from tests.end_to_end.doors import ROOT
from tests.faults.racer import MODEL, VERSIONS

pytestmark = [pytest.mark.slow, pytest.mark.long]

# PROMOTIONS=500 KILLS=100 is the full race; a tenth of it takes seconds.
PROMOTIONS = int(os.environ.get("FOLDWISE_PROMOTIONS", "60"))
KILLS = PROMOTIONS // 5


@pytest.fixture
def registry(tmp_path):
    """A real registry with versions of a model that no test loads."""
    from foldwise.tracking.mlflow_registry import MlflowRegistry
    from foldwise.tracking.mlflow_store import mlflow_store

    store = mlflow_store(tmp_path / "runs")
    client = store.client()
    client.create_registered_model(MODEL)
    for _ in range(VERSIONS):
        client.create_model_version(MODEL, (tmp_path / "nothing").as_uri())
    client.set_registered_model_alias(MODEL, "champion", "1")
    return MlflowRegistry(store)


@pytest.mark.timeout(280)
def test_there_is_always_one_champion_and_no_promotion_is_lost(registry, url, tmp_path):
    from foldwise.tracking.reconcile_champion import ChampionAlias

    with closing(open_ledger(url)) as ledger:
        ChampionAlias(ledger, registry, MODEL, print).reconcile()
    command = [sys.executable, "-W", "ignore", "-m", "tests.faults.racer", str(tmp_path), url, "4", str(PROMOTIONS), str(KILLS)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=260)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["acknowledged"] >= PROMOTIONS
    assert said["killed"] == KILLS
    assert (said["without"], said["ended_alone"]) == (0, 0), done.stderr
    with closing(open_ledger(url)) as ledger:
        notes = []
        champion_alias = ChampionAlias(ledger, registry, MODEL, notes.append)
        last = champion_alias.reconcile()
        rows = champion_alias.history()[::-1]
    assert notes == []  # no alias looked as if it was moved by hand
    assert registry.aliases(MODEL)["champion"] == last.version == rows[-1].version
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    assert [row.replaces for row in rows] == [None, *(row.version for row in rows[:-1])]
    assert {row.kind for row in rows[1:]} == {"promoted"}
    known = {(row.number, row.version, row.replaces) for row in rows}
    acknowledged = [tuple(json.loads(line)) for line in (tmp_path / "acknowledged").read_text().splitlines()]
    assert set(acknowledged) <= known
    assert len(rows) - 1 - len(acknowledged) <= KILLS + 4  # racers that died before they could acknowledge it

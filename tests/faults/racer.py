"""Promote versions of a model in a race with other forked processes, until it is killed.

python -m tests.faults.racer FOLDER URL RACERS PROMOTIONS KILLS: keeps that many racers going, kills one of them at random
KILLS times, and ends when PROMOTIONS were acknowledged and all kills are done. A racer notes what it was told had happened in
FOLDER/acknowledged, a line a promotion. Meanwhile the alias is read all the time: it must always be there, and only once.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from contextlib import closing
from pathlib import Path

from foldwise.errors import FoldwiseError
from foldwise.ledger.ledger import open_ledger
from foldwise.ledger.promotions import Raced
from foldwise.tracking.mlflow_registry import MlflowRegistry
from foldwise.tracking.mlflow_store import mlflow_store
from foldwise.tracking.reconcile_champion import ChampionAlias

MODEL, VERSIONS = "iris", 6
MOST_SECONDS = 200


def race(folder: Path, url: str, seed: int) -> None:
    """Promote a random version in place of the current champion, repeatedly."""
    draws = random.Random(seed)
    registry = MlflowRegistry(mlflow_store(folder / "runs"))
    with closing(open_ledger(url)) as ledger:
        champion_alias = ChampionAlias(ledger, registry, MODEL, lambda sentence: None)
        while True:
            champion = champion_alias.history()[0]
            version = draws.choice([v for v in range(1, VERSIONS + 1) if v != champion.version])
            try:
                made = champion_alias.promote(version, champion.version, "promoted", f"racer {seed}", {})
            except Raced:
                continue
            line = json.dumps([made.number, made.version, made.replaces]) + "\n"
            file = os.open(folder / "acknowledged", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            os.write(file, line.encode())
            os.close(file)


def start(folder: Path, url: str, seed: int) -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        race(folder, url, seed)
    except FoldwiseError as fault:
        print(f"racer {seed}: {fault}", file=sys.stderr, flush=True)
    finally:
        os._exit(code)


def main(folder: Path, url: str, racers: int, promotions: int, kills: int) -> int:
    draws = random.Random(0)
    registry = None
    running = [start(folder, url, seed) for seed in range(racers)]
    seed, killed, wrong, looks, ended_alone = racers, 0, 0, 0, 0
    began = time.monotonic()
    path = folder / "acknowledged"
    while time.monotonic() - began < MOST_SECONDS:
        time.sleep(draws.uniform(0.0, 0.15))
        registry = registry or MlflowRegistry(mlflow_store(folder / "runs"))
        looks, wrong = looks + 1, wrong + ("champion" not in registry.aliases(MODEL))
        done = path.read_bytes().count(b"\n") if path.exists() else 0
        if killed < kills and done > killed * promotions / kills:
            victim = running.pop(draws.randrange(len(running)))
            os.kill(victim, signal.SIGKILL)
            ended_alone += os.waitstatus_to_exitcode(os.waitpid(victim, 0)[1]) != -signal.SIGKILL
            running.append(start(folder, url, seed))
            seed, killed = seed + 1, killed + 1
        if done >= promotions and killed == kills:
            break
    for child in running:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    print(json.dumps({"acknowledged": done, "killed": killed, "without": wrong, "looks": looks, "ended_alone": ended_alone}))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:])))

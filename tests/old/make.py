"""Makes `runs.tar.xz`: what foldwise 0.1.0 wrote to disk, for `test_old_artifacts.py` to go on with.

The code whose files it keeps runs it once, from a checkout of that commit:

    git worktree add ../before ec8a54f && cp tests/old/make.py /tmp && cd ../before
    PYTHONPATH=src:. python /tmp/make.py runs.tar.xz

The archive holds `rows.csv`, `grown.csv` and `newer.csv`, each with the rows of the one before and more, `ask.csv` with rows to
answer, `answers.csv` as `predict` wrote it, `expected.json`, and `runs/` with

- the study `done`: finished, and its model is version 1 of `old`;
- the study `cut`: killed while it trained its third trial, so two trials are finished and one is RUNNING;
- the study `kept`: killed after it trained its third trial, which the ledger has as RUNNING and `results/` as a file;
- a retraining of `old` on `grown.csv`: killed when the ledger had promoted version 2 and MLflow still had version 1.
"""

import csv
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tarfile
from contextlib import closing
from pathlib import Path

PLACE = Path("/srv/foldwise-old")  # neutral, because MLflow keeps absolute paths
RUNS = PLACE / "runs"
ENVIRONMENT = {**os.environ, "LOGNAME": "foldwise", "USER": "foldwise", "TZ": "UTC"}

STUDY = ["data=csv", "data.path=rows.csv", "data.target=bought", "tracking.figures=false"]
STUDY += ["folds.count=3", "fit.epochs=6", "model.hidden=1", "model.units=[int,4,8]"]
WORDS = {
    "done": [*STUDY, "study=done", "register=old", "budget.trials=3"],
    "cut": [*STUDY, "study=cut", "budget.trials=4", "seed=1"],
    "kept": [*STUDY, "study=kept", "budget.trials=3", "seed=2"],
}
DATA = f"paths.data={PLACE}"


def main(archive):
    PLACE.mkdir()
    try:
        write_rows()
        door("tune", *WORDS["done"], DATA)
        door("predict", "model=old@champion", f"input={PLACE / 'ask.csv'}", f"output={PLACE / 'answers.csv'}")
        door("tune", *WORDS["cut"], DATA, kill="before-training:3")
        door("tune", *WORDS["kept"], DATA, kill="after-result-file:3")
        door("retrain", "model=old", "data.path=grown.csv", "tracking.figures=false", DATA, kill="after-promotion")
        summary = json.loads((RUNS / "studies" / "done" / "summary.json").read_text())
        expected = {"words": WORDS, "summary": summary, "trials": {study: trials(study) for study in WORDS}}
        (PLACE / "expected.json").write_text(json.dumps(expected, indent=1))
        make_neutral()
        pack(archive)
    finally:
        shutil.rmtree(PLACE)


def door(name, *words, kill=None):
    """Runs a door in this checkout, to its end or until it dies at one of its kill points."""
    command = [sys.executable, "-m", f"pipelines.{name}", *words, f"paths.runs={RUNS}"]
    environment, wanted = (ENVIRONMENT, 0) if kill is None else ({**ENVIRONMENT, "FOLDWISE_KILL": kill}, -signal.SIGKILL)
    done = subprocess.run(command, env=environment, check=False)
    if done.returncode != wanted:
        sys.exit(f"{name} ended with {done.returncode} and not with {wanted}")


def write_rows():
    """90 rows; then 200 and 400 more, each time with another bound from which on lengths are bought; and 12 to answer."""
    draw = random.Random(7)
    rows = [row(draw, 0.0) for _ in range(90)]
    grown = [*rows, *(row(draw, 1.5) for _ in range(200))]
    newer = [*grown, *(row(draw, 3.5) for _ in range(400))]
    unusual = [[0.5, None, "red", 2001], [0.25, 1.5, "violet", 1999], [99.0, 1.0, "blue", 2003], [-0.5, 0.75, None, None]]
    ask = [*(row(draw, 0.0)[:-1] for _ in range(8)), *unusual]
    columns = ["length", "weight", "colour", "made", "bought"]
    for name, lines in (("rows", rows), ("grown", grown), ("newer", newer), ("ask", ask)):
        with (PLACE / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([columns[: len(lines[0])], *lines])


def row(draw, bound):
    length, weight, colour = draw.gauss(bound, 1.0), draw.uniform(0.5, 2.0), draw.choice(["red", "green", "blue"])
    score = length - bound + (0.4 if colour == "red" else 0.0) + draw.gauss(0.0, 0.3)
    cell = None if draw.random() < 0.05 else round(weight, 2)
    return [round(length, 2), cell, colour, draw.randint(1995, 2005), "yes" if score > 0 else "no"]


def trials(study):
    """A study's trials as they stand in the ledger now."""
    with closing(sqlite3.connect(RUNS / "ledger.db")) as ledger:
        query = "SELECT number, state, params, mean FROM trials WHERE study = ? ORDER BY number"
        found = ledger.execute(query, (study,)).fetchall()
    return [{"number": n, "state": state, "params": json.loads(params), "mean": mean} for n, state, params, mean in found]


def make_neutral():
    """Puts neutral words in place of this machine's kernel and of this checkout's folder, wherever they stand."""
    with closing(sqlite3.connect(RUNS / "ledger.db")) as ledger:
        (origin,) = ledger.execute("SELECT origin FROM studies").fetchone()
        system = json.loads(origin)["machine"]["system"]
        ledger.execute("UPDATE studies SET origin = replace(origin, ?, 'Linux-x86_64')", (system,))
        ledger.commit()
    for name in ("ledger.db", "mlflow.db"):
        with closing(sqlite3.connect(RUNS / name)) as database:
            database.execute("PRAGMA journal_mode = DELETE")
            database.execute("VACUUM")
    for path in [*RUNS.rglob("environment.yaml"), *RUNS.rglob("MLmodel")]:
        path.write_text(path.read_text().replace(system, "Linux-x86_64").replace(str(Path.cwd()), "/srv/foldwise"))
    for path in PLACE.rglob("*"):
        if path.is_file() and any(word.encode() in path.read_bytes() for word in (system, str(Path.cwd()), str(Path.home()))):
            sys.exit(f"{path} names this machine")


def pack(archive):
    def neutral(entry):
        entry.uid = entry.gid = entry.mtime = 0
        entry.uname = entry.gname = ""
        return None if "__pycache__" in entry.name else entry

    with tarfile.open(archive, "w:xz", preset=9) as packed:
        for path in sorted(PLACE.iterdir()):
            packed.add(path, path.name, filter=neutral)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())

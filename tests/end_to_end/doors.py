"""Doors as a user starts them: processes of their own."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("FOLDWISE_DATA", ROOT.parent / "shared" / "data"))

# A study that is done in seconds.
SMALL = ["folds.count=3", "fit.epochs=4", "model.units=[int,4,16]", "model.hidden=1"]


def command(door, *words, runs):
    return [sys.executable, "-m", f"pipelines.{door}", *words, f"paths.runs={runs}"]


def run(door, *words, runs, cwd=ROOT, env=None):
    asked = command(door, *words, runs=runs)
    return subprocess.run(asked, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=280)


def only_study(runs):
    (folder,) = (runs / "studies").iterdir()
    return folder


def summary(runs):
    return json.loads((only_study(runs) / "summary.json").read_text())

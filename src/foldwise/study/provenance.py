"""Where a study was made and what it looks for: what its record says beside its recipe."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from typing import Any

from foldwise.config.read import data_name
from foldwise.ledger.coordinator import user_name
from foldwise.study.plan import Plan

GIT_SECONDS = 5
MOST_COLUMNS = 500  # of a table, named one by one


def provenance(plan: Plan) -> dict[str, Any]:
    """Task, goal, rows and columns of a study; who started it, on what machine, in a working folder of which commit.

    Studies that make challengers say under which experiment they are shown together; any other has one of its own.

    There is no name of a host, no path and no address in it: it is shown to whoever sees a run.
    """
    table = plan.table
    series = {} if plan.context is None else {"experiment": f"{plan.spec.register}-retraining"}
    columns = {column.name: column.kind for column in table.schema.columns[:MOST_COLUMNS]}
    return {
        "task": table.task,
        "goal": {"metric": plan.goal.metric, "direction": plan.goal.direction},
        "data": data_name(plan.spec.fixed),
        "target": table.target_name,
        "rows": len(plan.development) + len(plan.holdout.rows),
        "columns": columns if table.schema.image is None else None,
        "image": table.schema.image,
        "user": user_name(),
        "machine": {"system": platform.platform(), "processor": platform.machine(), "cores": os.cpu_count()},
        "git": _commit(),
        **series,
    }


def _commit() -> dict[str, Any] | None:
    """The commit of the working folder and whether files that git knows were changed since; None outside of a repository."""
    git = shutil.which("git")
    if git is None:
        return None

    def ask(*words: str) -> str:
        command = [git, *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=GIT_SECONDS, check=True)  # noqa: S603 our own words
        return done.stdout.strip()

    try:
        return {"commit": ask("rev-parse", "HEAD"), "changed": bool(ask("status", "--porcelain", "--untracked-files=no"))}
    except (OSError, subprocess.SubprocessError):
        return None

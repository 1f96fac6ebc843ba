"""Describe where a study is made: by whom, on which machine, from which commit. Others see it, so no host names or paths."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess

from foldwise.config.read import data_name
from foldwise.ledger.coordinator import user_name
from foldwise.study.generation import generation_of
from foldwise.study.plan import Plan, is_small
from foldwise.trial.provenance import Commit, Machine, Provenance

GIT_SECONDS = 5
MOST_COLUMNS = 500  # are listed


def provenance(plan: Plan) -> Provenance:
    """Describe a new study. Studies that make challengers share an experiment; any other has one of its own."""
    table = plan.table
    columns = {column.name: column.kind for column in table.schema.columns[:MOST_COLUMNS]}
    return Provenance(
        task=table.task,
        goal=plan.goal,
        data=data_name(plan.spec.fixed),
        target=table.target_name,
        rows=len(plan.development) + len(plan.holdout.rows),
        columns=columns if table.schema.image is None else None,
        image=table.schema.image,
        user=user_name(),
        machine=Machine(platform.platform(), platform.machine(), os.cpu_count()),
        git=_commit(),
        rows_fingerprint=table.rows_fingerprint,
        settled=plan.spec.settled,
        generation=generation_of(plan.spec.fixed.execute.generation, plan.spec.fixed.tuner.kind, small=is_small(plan)),
        experiment=None if plan.context is None else f"{plan.spec.register}-retraining",
    )


def _commit() -> Commit | None:
    """The commit of the working folder; None outside a repository."""
    git = shutil.which("git")
    if git is None:
        return None

    def ask(*words: str) -> str:
        command = [git, *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=GIT_SECONDS, check=True)  # noqa: S603 our own words
        return done.stdout.strip()

    try:
        return Commit(ask("rev-parse", "HEAD"), bool(ask("status", "--porcelain", "--untracked-files=no")))
    except (OSError, subprocess.SubprocessError):
        return None

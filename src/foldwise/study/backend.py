"""The backend that a study's trials need, in this process."""

from __future__ import annotations

from foldwise.study.plan import Plan, is_small, threads_of
from foldwise.training.runtime import start

MOST_AT_ONCE = 2  # trials that train side by side in one process; more were not measured


def start_backend_of(plan: Plan) -> int:
    """Start the study's backend, unless it runs already; the number of its threads.

    Raises:
        JobError: it already runs with another number of threads than `execute.threads` asks for, or Keras on another backend.
    """
    fixed = plan.spec.fixed
    at_once = MOST_AT_ONCE if is_small(plan) else 1
    return start(threads_of(plan), fixed.execute.threads is None, fixed.training.backend, at_once)

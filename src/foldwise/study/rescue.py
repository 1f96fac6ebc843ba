"""The results of a study whose ledger or store was deleted or replaced while it ran: written beside, and the path told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from foldwise.errors import JobError, Replaced
from foldwise.study.plan import Plan
from foldwise.study.tables import write_curves, write_trials
from foldwise.system.numbers import counted
from foldwise.trial.result import TrialResult

FOLDER = "rescued"


@contextmanager
def rescued(plan: Plan, results: Callable[[], Sequence[TrialResult]]) -> Iterator[None]:
    """Within this context a Replaced also says where the results were written.

    Args:
        plan: the study; the results go to a folder in its own.
        results: gives the results that there are by then.
    """
    try:
        yield
    except Replaced as fault:
        raise Replaced(f"{fault}; {_written(plan, results())}") from None


def _written(plan: Plan, results: Sequence[TrialResult]) -> str:
    if not results:
        return "no trial had a result yet"
    folder, ordered = plan.folder / FOLDER, sorted(results, key=lambda result: result.number)
    try:
        write_trials(folder / "trials.parquet", ordered, plan)
        write_curves(folder / "curves.parquet", ordered)
    except (OSError, JobError) as fault:
        return f"the results of {counted(len(results), 'trial')} could not be written to {folder}: {fault}"
    return f"the results of {counted(len(results), 'trial')} are in {folder}"

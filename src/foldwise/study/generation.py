"""Generations of a search: trials that the tuner proposes together, before it learns from their results.

A study keeps the size of its generations, so its trials are the same for any number of workers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from foldwise.trial.result import TrialResult

# Small trials are proposed eight at a time, so that two can train side by side. Their tuners lose nothing by it: these propose
# without results, and for TPE it was measured, see docs/decisions/workers.md.
OF_SMALL = 8
TUNERS = ("random", "qmc", "grid", "optuna_random", "tpe")


def generation_of(asked: int | Literal["auto"], tuner: str, *, small: bool) -> int | None:
    """The size of a new study's generations as its record has it; None is 1, and what studies had before.

    Args:
        asked: execute.generation.
        tuner: tuner.kind.
        small: whether the study's trials can train side by side in one process.
    """
    size = asked if asked != "auto" else OF_SMALL if small and tuner in TUNERS else 1
    return size if size > 1 else None


def note_of_size(asked: int | Literal["auto"], kept: int) -> str | None:
    """The sentence for a study that keeps generations of another size than its command asks for, else None."""
    if asked in ("auto", kept):
        return None
    return f"execute.generation: this study keeps its generations of {kept}; {asked} is for new studies"


def first_of(number: int, size: int) -> int:
    """The first number of a trial's generation."""
    return number - number % size


def results_before(results: Iterable[TrialResult], first: int) -> list[TrialResult]:
    """The results of the trials with lower numbers, by number."""
    return sorted((result for result in results if result.number < first), key=lambda result: result.number)

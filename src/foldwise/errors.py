"""What foldwise says when something is wrong: one sentence, and the exit code that goes with it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class FoldwiseError(Exception):
    """A fault that a user can understand from its one sentence; doors print it without a traceback."""

    exit_code = 1


class ConfigError(FoldwiseError):
    """The configuration is wrong. `key` is the dotted name where it stands, `rule` says what must hold."""

    exit_code = 2

    def __init__(self, key: str, rule: str) -> None:
        super().__init__(f"{key}: {rule}" if key else rule)
        self.key = key
        self.rule = rule

    def __reduce__(self) -> tuple[type[ConfigError], tuple[str, str]]:
        return (ConfigError, (self.key, self.rule))


class DataError(FoldwiseError):
    """The data are wrong: a file, a column or a row does not hold what the configuration says."""

    exit_code = 2


class JobError(FoldwiseError):
    """The job itself failed although configuration and data are fine."""

    exit_code = 1


class Overtaken(JobError):
    """Another process coordinates the study by now, so this one's writing is refused."""


class Unfit(JobError):
    """A model cannot be loaded, judged or served, so nothing is promoted."""


class Interrupted(JobError):
    """The user asked to stop; everything finished so far is kept."""


class OutOfTime(Interrupted):
    """The time for the whole job is nearly over."""


class TrialFailed(FoldwiseError):
    """One trial cannot go on. `cause` is the short word of its state, as in FAILED(nan)."""

    def __init__(self, cause: str, detail: str) -> None:
        super().__init__(f"{cause}: {detail}")
        self.cause = cause
        self.detail = detail

    def __reduce__(self) -> tuple[type[TrialFailed], tuple[str, str]]:
        return (TrialFailed, (self.cause, self.detail))


class WorkerDied(FoldwiseError):
    """The process that trained a trial is gone. The trial may be to blame, or may not."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`, did you mean x?` where one of the known words is near, else the list of what is known."""
    names = sorted(known)
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if not near:  # a case slip (`Target` for `target`) is near for a person whatever its letters
        near = [name for name in names if name.lower() == word.lower()]
    if near:
        return f", did you mean {near[0]}?"
    shown = ", ".join(names[:30]) + (", ..." if len(names) > 30 else "")
    return f"; known: {shown}" if names else ""

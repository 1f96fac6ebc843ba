"""Errors as a user sees them: one sentence and an exit code."""

from __future__ import annotations

MOST_DIGITS = 300  # of a number in a configuration; a float ends at 1.8e308


class FoldwiseError(Exception):
    """A fault that its one sentence explains; doors print it without a traceback."""

    exit_code = 1

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows instead of a traceback."""
        return [f"{type(self).__name__}: {self}"]


class ConfigError(FoldwiseError):
    """The configuration is wrong. `key` is the dotted key, `rule` says what must hold."""

    exit_code = 2

    def __init__(self, key: str, rule: str) -> None:
        super().__init__(f"{key}: {rule}" if key else rule)
        self.key = key
        self.rule = rule

    def __reduce__(self) -> tuple[type[ConfigError], tuple[str, str]]:
        return (ConfigError, (self.key, self.rule))


class DataError(FoldwiseError):
    """The data are wrong: a file, a column or a row does not match the configuration."""

    exit_code = 2


class JobError(FoldwiseError):
    """The job failed although configuration and data are fine."""

    exit_code = 1


class Overtaken(JobError):
    """Another process coordinates the study now, so this process may not write."""


class Replaced(JobError):
    """A database's file was deleted or replaced while this process used it."""


class DiskFull(JobError):
    """No space is left for a file."""


class Unfit(JobError):
    """A model cannot be loaded, judged or served, so nothing is promoted."""


class Interrupted(JobError):
    """The user asked to stop; all finished work is kept."""


class OutOfTime(Interrupted):
    """The time budget of the whole job is nearly used up."""


class TrialFailed(FoldwiseError):
    """One trial cannot continue. `cause` is the short word of its state, as in FAILED(nan)."""

    def __init__(self, cause: str, detail: str) -> None:
        super().__init__(f"{cause}: {detail}")
        self.cause = cause
        self.detail = detail

    def __reduce__(self) -> tuple[type[TrialFailed], tuple[str, str]]:
        return (TrialFailed, (self.cause, self.detail))


class WorkerDied(FoldwiseError):
    """The process that trained a trial died. The trial may or may not be the cause."""

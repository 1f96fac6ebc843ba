"""Work beside a search, in another process: figures, and baselines. What carries it out there must not import the backend."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol, TypeVar

Value = TypeVar("Value")


class Beside(Protocol):
    """Runs work in another process, to which it is pickled."""

    def __call__(self, work: Callable[[], Value]) -> Future[Value]:
        """Its value, or what it raised; JobError if that process ends before."""


def at_once(work: Callable[[], Value]) -> Future[Value]:
    """Do it in this process, now."""
    done: Future[Value] = Future()
    try:
        done.set_result(work())
    except Exception as fault:  # noqa: BLE001 - the future raises it
        done.set_exception(fault)
    return done

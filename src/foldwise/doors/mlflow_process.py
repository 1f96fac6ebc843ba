"""The process in which a study's MLflow lives: it offers a tracker, a registry and its time to the one that started it."""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Any, TypeVar, cast

from foldwise.doors.assemble import make_tracking
from foldwise.ledger.ledger import Ledger
from foldwise.spec.places import TrackingSpec
from foldwise.system.garbage import uncollected
from foldwise.tracking.calls import Calls

PARENT_DEATH = 1  # PR_SET_PDEATHSIG
Value = TypeVar("Value")
LOST = "the study's process has ended"


class DistantLedger:
    """What a tracker reads and writes in the ledger, which is open in the other process only."""

    calls: Calls

    def __getattr__(self, method: str) -> Any:
        """A method of the ledger there."""
        return lambda *arguments: self.calls.call("ledger", method, *arguments).result()


class Made:
    """Makes the tracker and the registry, which the other process can call from then on."""

    def __init__(self, targets: dict[str, object], ledger: DistantLedger) -> None:
        self._targets, self._ledger = targets, ledger

    def make(self, tracking: TrackingSpec, runs: str) -> None:
        """Import MLflow and make both."""
        with uncollected():
            tracker, registry = make_tracking(tracking, runs, cast(Ledger, self._ledger))
        gc.freeze()
        self._targets |= {"tracker": tracker, "registry": registry}
        if tracking.figures:
            threading.Thread(target=_import_figures, name="figures", daemon=True).start()


class Beside:
    """Does what the other process sends."""

    def do(self, work: Callable[[], Value]) -> Value:
        """The value of the work."""
        return work()


def _import_libraries() -> None:
    """Import what baselines and MLflow need before they are asked for; a library that cannot be imported is named then."""
    for module in ("evaluation.baselines", "tracking.mlflow_tracker", "tracking.mlflow_registry"):
        with suppress(ImportError), uncollected():
            import_module(f"foldwise.{module}")


def _import_figures() -> None:
    """Import what figures are drawn with while there is nothing to draw yet; where it fails, drawing says so."""
    with suppress(ImportError), uncollected():
        from foldwise.report.figures.search import import_libraries

        import_libraries()


def main() -> None:
    """Serve until the pipes close."""
    _die_with_parent()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not come between the messages
    targets: dict[str, object] = {"beside": Beside()}
    ledger = DistantLedger()
    targets["made"] = Made(targets, ledger)
    ledger.calls = Calls(sys.stdin.buffer, answers, targets, LOST, apart="beside")
    ledger.calls.start()
    _import_libraries()
    ledger.calls.ended.wait()
    os._exit(0)  # a call may hang in MLflow


def _die_with_parent() -> None:
    """A study that is killed takes this process along, so that the next start finds nothing that still writes to MLflow."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PARENT_DEATH, signal.SIGKILL)

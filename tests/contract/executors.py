"""Every executor, as a function of what runs jobs; those jobs are plain values that processes can exchange."""

import os
import signal
import time

from foldwise.execution.local import HereExecutor
from foldwise.execution.threads import ThreadsExecutor
from foldwise.trial.result import TrialResult


def run(job):
    """A job is a number, or what is to happen: ("sleep", seconds), ("kill", signal), ("raise",), ("hold", MB), ("process",)."""
    match job:
        case "sleep", seconds:
            time.sleep(seconds)
        case "kill", number:
            os.kill(os.getpid(), number)
            time.sleep(30)
        case ("raise",):
            raise MemoryError("made so")
        case "hold", megabytes:
            held.append(bytearray(os.urandom(1024)) * 1024 * megabytes)
        case ("process",):
            return TrialResult(os.getpid(), {}, "COMPLETE")
        case number:
            return TrialResult(number, {"x": number}, "COMPLETE", mean=float(number))
    return TrialResult(0, {}, "COMPLETE")


held = []


class Opening:
    """What makes a process a worker; it says one sentence in each."""

    def __call__(self, notify):
        notify(f"process {os.getpid()} is open")
        return run


class Broken:
    """What no worker can be made of."""

    def __call__(self, notify):
        raise RuntimeError("made so")


class Deadly:
    """What kills every process that is to be a worker."""

    def __call__(self, notify):
        os.kill(os.getpid(), signal.SIGABRT)


def here():
    return HereExecutor(run)


def threads():
    return ThreadsExecutor(run, 2, singly=1)


def dask(opening=None, workers=2, **more):
    from foldwise.execution.dask_cluster import LocalCluster
    from foldwise.execution.dask_executor import DaskExecutor

    return DaskExecutor(LocalCluster(workers, threads=1), opening or Opening(), **more)

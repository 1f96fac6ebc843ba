"""Named places where a process may be made to die, so that tests can show that no death loses anything.

`FOLDWISE_KILL=after-commit` ends the process, as kill -9 would, where it reaches that place the first time;
`FOLDWISE_KILL=after-commit:3` where it does the third time; `after-commit:3:group` takes the whole process group along.
Without the variable nothing happens.
"""

from __future__ import annotations

import os
import signal
from collections import Counter

VARIABLE = "FOLDWISE_KILL"

# The places in the order in which a study comes by them.
COORDINATOR = (
    "before-create",
    "in-create",
    "after-create",
    "after-ask",
    "after-begin",
    "after-result-file",
    "before-commit",
    "after-commit",
    "after-tell",
    "after-ship",
)
WORKER = ("before-training", "after-fold", "after-training")
CONCLUSION = (
    "after-refit",
    "after-bundle",
    "after-holdout-read",
    "before-register",
    "after-register",
    "before-summary",
    "after-summary",
)
SCHEDULE = ("after-job-lock", "after-claim", "after-launch", "after-take", "after-job-ended", "after-slot-finished")
_passed: Counter[str] = Counter()


def reached(name: str) -> None:
    """Says that the process is at a place; it dies here where it was asked to."""
    asked = os.environ.get(VARIABLE)
    if asked is None:
        return
    place, time, whom = [*asked.split(":"), "1", "self"][:3]
    if place == name:
        _passed[name] += 1
        if _passed[name] == int(time):
            os.kill(0 if whom == "group" else os.getpid(), signal.SIGKILL)

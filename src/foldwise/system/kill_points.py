"""Named places where tests can kill the process, to show that a crash loses nothing.

`FOLDWISE_KILL=after-commit` kills the process, as kill -9 would, when it first reaches that place;
`FOLDWISE_KILL=after-commit:3` when it does so the third time; `after-commit:3:group` kills the whole process group.
Without the variable nothing happens.
"""

from __future__ import annotations

import os
import signal
from collections import Counter

VARIABLE = "FOLDWISE_KILL"

# The places in the order in which a study reaches them.
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
# Where the certificate trains the best trials again.
FRESH = ("after-fresh",)
SCHEDULE = ("after-job-lock", "after-claim", "after-launch", "after-take", "after-job-ended", "after-slot-finished")
# A retraining that adds up evidence, beside the places of the study that trains its challenger and of promotions.
EVIDENCE = ("before-look", "in-look", "after-look", "after-next", "after-retraining-ended")
_passed: Counter[str] = Counter()


def reached(name: str) -> None:
    """Mark a place; kill the process here if FOLDWISE_KILL names it."""
    asked = os.environ.get(VARIABLE)
    if asked is None:
        return
    place, time, whom = [*asked.split(":"), "1", "self"][:3]
    if place == name:
        _passed[name] += 1
        if _passed[name] == int(time):
            os.kill(0 if whom == "group" else os.getpid(), signal.SIGKILL)

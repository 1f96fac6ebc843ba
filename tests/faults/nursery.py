"""Starts coordinators by forking: what they import is imported once, so that a start costs a tenth of a second.

Reads lines of JSON, {runs, url, executor, trials, kill}; answers each with {pid} at once and with {status} when it has ended.
What a child says goes to RUNS/said.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import sys
import time
import warnings
from pathlib import Path

from foldwise.system.kill_points import VARIABLE
from tests.faults import driver


def main() -> None:
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            coordinate(asked)
        answer({"pid": child})
        _, status = os.waitpid(child, 0)
        if asked["kill"].endswith(":group"):
            wait_for(child)
        answer({"status": os.waitstatus_to_exitcode(status)})


def wait_for(group: int) -> None:
    """Until its workers have ended too: a large process takes a while, and holds the study's lock until then."""
    end = time.monotonic() + 2
    with contextlib.suppress(ProcessLookupError):
        while time.monotonic() < end:
            os.killpg(group, 0)
            time.sleep(0.005)


def coordinate(asked: dict) -> None:
    os.setsid()
    runs = Path(asked["runs"])
    runs.mkdir(parents=True, exist_ok=True)
    code = 70
    with (runs / "said").open("a", encoding="utf-8") as said, contextlib.redirect_stderr(said):
        try:
            os.environ[VARIABLE] = asked["kill"]
            code = driver.main(runs, asked["url"], asked["executor"], asked["trials"], asked.get("pause", 0.0))
        except BaseException as fault:  # noqa: BLE001 a child must never go back into the parent's loop
            print(f"{type(fault).__name__}: {fault}", file=said)
        finally:
            said.flush()
            os._exit(code)


def answer(value: dict) -> None:
    sys.__stdout__.write(json.dumps(value) + "\n")
    sys.__stdout__.flush()


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    # everything that a coordinator imports late
    import psycopg  # noqa: F401
    import sqlalchemy.dialects.postgresql
    import sqlalchemy.dialects.sqlite  # noqa: F401

    driver.data_half()
    gc.freeze()  # else the first collection of each child copies all pages
    main()

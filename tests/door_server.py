"""Forks Python programs from a process that has imported the heavy libraries and computed nothing: a start costs no imports.

Listens on the connection whose number it is given. Is sent {words, cwd, env, stdout, stderr}, where the words are those after
`python` (`-m module ...`, `-c code ...`, or a script) and the outputs are paths; answers with the process number at once, and
with the exit code, as `subprocess` counts, when the program has ended. Of foldwise only rooms are imported that do nothing on
import but define values and functions; what the others do on import happens in the program.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import os
import runpy
import sys
import threading
import traceback
import types
from multiprocessing.connection import Connection
from pathlib import Path

# What doors import of other libraries, as far as it takes time. TensorFlow starts its threads with its first operation.
LIBRARIES = (
    "alembic.command",
    "dask.distributed",
    "hydra",
    "imblearn.over_sampling",
    "keras",
    "matplotlib.pyplot",
    "mlflow.pyfunc",
    "mlflow.store.tracking.sqlalchemy_store",
    "mlflow.store.model_registry.sqlalchemy_store",
    "optuna",
    "pandas",
    "psycopg",
    "pyarrow.parquet",
    "pydantic",
    "scipy.stats",
    "sklearn.ensemble",
    "sklearn.linear_model",
    "sklearn.model_selection",
    "sqlalchemy.dialects.postgresql",
    "sqlalchemy.dialects.sqlite",
)
# Its options, how they are read, the rows and the ledger: 200 modules, and a second of each door's start.
OWN = ("foldwise.doors.compose", "foldwise.study.plan", "foldwise.ledger.ledger")


def main(connection: Connection) -> None:
    os.environ |= {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3", "MLFLOW_DISABLE_TELEMETRY": "true"}
    for name in (*LIBRARIES, *OWN):
        importlib.import_module(name)
    sys.modules["mlflow.utils.requirements_utils"]._init_modules_to_packages_map()  # 0.5 s of each registration
    gc.freeze()  # else the first collection of each child copies all pages
    words = serve(connection)
    if words:
        os._exit(run(words))


def serve(connection: Connection) -> list[str]:
    """Return in each forked process, with its words, and here when the other end was closed, without any."""
    while True:
        try:
            asked = connection.recv()
        except EOFError:
            return []
        child = os.fork()
        if child == 0:
            connection.close()
            settle(**asked)
            return asked["words"]
        connection.send(child)
        connection.send(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def settle(words: list[str], cwd: str, env: dict[str, str], stdout: str, stderr: str) -> None:
    """Give a forked process what a started one has: a session, folder, environment, files and random numbers."""
    os.setsid()
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    for number, path in enumerate((os.devnull, stdout, stderr)):
        file = os.open(path, os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_APPEND)
        os.dup2(file, number)
        os.close(file)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 as long as the process
    sys.modules["numpy"].random.seed()  # Python's own are drawn anew after a fork


def run(words: list[str]) -> int:
    """Run a program to its end, with its threads and exit handlers, but without Python's teardown of all that was imported."""
    try:
        program(words)
        code: object = None
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001 as Python does
        traceback.print_exc()
        code = 1
    if code is not None and not isinstance(code, int):
        print(code, file=sys.stderr)
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]  # waits for threads that are not daemons, as Python does
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return code or 0


def program(words: list[str]) -> None:
    """What `python` with these words does."""
    kind, *rest = words
    if kind == "-m":
        sys.argv, sys.path[0] = rest, str(Path.cwd())
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    elif kind == "-c":
        sys.argv, sys.path[0] = ["-c", *rest[1:]], ""
        sys.modules["__main__"] = types.ModuleType("__main__")
        exec(compile(rest[0], "<string>", "exec"), vars(sys.modules["__main__"]))  # noqa: S102 a test's own code
    else:
        sys.argv, sys.path[0] = words, str(Path(kind).absolute().parent)
        runpy.run_path(kind, run_name="__main__")


if __name__ == "__main__":
    main(Connection(int(sys.argv[1])))

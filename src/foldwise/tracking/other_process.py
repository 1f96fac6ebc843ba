"""MLflow in a process of its own: its import, its calls and its threads take nothing from training, and a hang of it neither.

That process never opens the ledger: what it records goes through this process, which leads the study.
"""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TookTooLong
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from foldwise.errors import JobError
from foldwise.ledger.ledger import Ledger
from foldwise.ledger.rows import StudyRecord, TrialRow
from foldwise.tracking.calls import Calls
from foldwise.tracking.registry import UNKNOWN, ModelVersion, Standing
from foldwise.trial.summary import RunPlace, StudySummary

if TYPE_CHECKING:
    import pandas as pd

Value = TypeVar("Value")

LOST = "MLflow's process has ended"
GRACE_SECONDS = 5.0  # beyond what a call may take there
# -P: nothing of the working folder is imported before the paths are those of this process.
CODE = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from {0} import main; main()"


class OtherProcess:
    """A tracker whose work another process does, and the way to the registry there.

    Args:
        module: has a `main` that offers `tracker` and `registry` to the process that started it.
        asked: what that `main` makes both from; it can be pickled.
        ledger: records what MLflow has. It is given later, by `use`, where the process starts before the ledger is open.
    """

    def __init__(self, module: str, asked: tuple[Any, ...], ledger: Ledger | None = None) -> None:
        self._module, self._asked = module, asked
        self._targets: dict[str, object] = {"ledger": ledger}
        self._process: subprocess.Popen[bytes] | None = None
        self._calls: Calls | None = None
        self._is_made = False
        self._unread: list[Future[Any]] = []

    def start(self) -> None:
        """Start the process, which loads its libraries and writes nothing before something is asked of it."""
        if self._calls is not None:
            return
        words = [sys.executable, "-P", "-c", CODE.format(self._module), json.dumps(sys.path)]
        # Ctrl-C ends the study, which then ends that process
        self._process = subprocess.Popen(  # noqa: S603 a list of words, never a shell
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._calls = Calls(self._process.stdout, self._process.stdin, self._targets, LOST)
        self._calls.start()

    def use(self, ledger: Ledger) -> None:
        """Record in this ledger what MLflow has."""
        self._targets["ledger"] = ledger

    def end_unasked(self) -> None:
        """End the process at once if nothing was asked of it: the study was refused, or failed, before that."""
        if self._process is not None and not self._is_made:
            self._process.kill()
            self._end(self._process)

    def open(self, record: StudyRecord, rows: Sequence[TrialRow]) -> None:
        """Start the process, and open the study there."""
        self._started()
        self._tell("open", record, rows)

    def trial(self, row: TrialRow) -> None:
        """Hand on a finished trial, and return at once.

        Raises:
            Replaced: for an earlier trial, the store's file was deleted or replaced.
        """
        self._raise_faults()
        self._tell("trial", row)

    def place(self, wait_seconds: float = 60.0) -> RunPlace | None:
        """As the tracker's; None if its process has ended."""
        if self._calls is None:
            return None
        found: RunPlace | None = None
        try:
            found = self._value(self._calls.call("tracker", "place", wait_seconds), wait_seconds + GRACE_SECONDS)
        except TookTooLong:
            return None
        except JobError:
            if not self._calls.ended.is_set():
                raise
        return found

    def close(self, summary: StudySummary | None, files: Sequence[Path] = (), wait_seconds: float = 60.0) -> tuple[str, ...]:
        """As the tracker's; then the process ends."""
        self.end_unasked()
        calls, process = self._calls, self._process
        if calls is None or process is None:
            return ()
        try:
            answer = calls.call("tracker", "close", summary, tuple(files), wait_seconds)
            sentences: tuple[str, ...] = self._value(answer, wait_seconds + GRACE_SECONDS)
        except TookTooLong:
            return (_unsent(f" within {wait_seconds:g} s"),)
        except JobError as fault:
            if not calls.ended.is_set():
                raise
            return (_unsent(f": {fault}"),)
        finally:
            self._end(process)
        return sentences

    def call(self, method: str, *arguments: Any) -> Any:
        """The value of a method of the registry.

        Raises:
            JobError: the process has ended; whatever the method raises.
        """
        return self._value(self._started().call("registry", method, *arguments))

    def beside(self, work: Callable[[], Value]) -> Future[Value]:
        """Let that process do other work, which its other calls do not wait for; see `study.beside`.

        The future raises JobError too if the work cannot be pickled.
        """
        try:
            return self._started().call("beside", "do", work)
        except (pickle.PicklingError, AttributeError, TypeError) as fault:
            unsent: Future[Value] = Future()
            unsent.set_exception(JobError(f"it cannot be sent to another process: {fault}"))
            return unsent

    def _started(self) -> Calls:
        self.start()
        assert self._calls is not None
        if not self._is_made:
            self._is_made = True
            self._unread.append(self._calls.call("made", "make", *self._asked))
        return self._calls

    def _tell(self, method: str, *arguments: Any) -> None:
        if self._calls is not None:
            self._unread.append(self._calls.call("tracker", method, *arguments))

    def _value(self, answer: Future[Any], seconds: float | None = None) -> Any:
        try:
            return answer.result(seconds)
        except TookTooLong:
            raise
        except Exception:
            self._raise_faults()  # of earlier calls, which may be the cause
            raise

    def _raise_faults(self) -> None:
        """Raise what an earlier call raised there. A process that has ended is no fault: the ledger keeps the rest."""
        done = [answer for answer in self._unread if answer.done()]
        self._unread = [answer for answer in self._unread if not answer.done()]
        for answer in done:
            fault = answer.exception()
            if fault is not None and not (self._calls is not None and self._calls.ended.is_set()):
                raise fault

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """Close its input, at which the process ends."""
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(OSError, ValueError):  # it has ended with a message unread
            process.stdin.close()
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
        self._calls = self._process = None
        self._is_made = False


class DistantRegistry:
    """The registry of that process; raises as it does."""

    def __init__(self, process: OtherProcess) -> None:
        self.process = process

    def register(
        self,
        folder: Path,
        name: str,
        run_id: str | None,
        metrics: Mapping[str, float],
        idempotency_key: str | None = None,
        standing: Standing = UNKNOWN,
    ) -> ModelVersion:
        """As the registry's."""
        made: ModelVersion = self.process.call("register", folder, name, run_id, dict(metrics), idempotency_key, standing)
        return made

    def fetch(self, reference: str) -> Path:
        """As the registry's."""
        folder: Path = self.process.call("fetch", reference)
        return folder

    def identity(self, name: str) -> str | None:
        """As the registry's."""
        found: str | None = self.process.call("identity", name)
        return found

    def number(self, reference: str) -> tuple[str, int]:
        """As the registry's."""
        found: tuple[str, int] = self.process.call("number", reference)
        return found

    def answer(self, name: str, version: int, rows: Any) -> pd.DataFrame:
        """As the registry's."""
        found: pd.DataFrame = self.process.call("answer", name, version, rows)
        return found

    def aliases(self, name: str) -> Mapping[str, int]:
        """As the registry's."""
        found: Mapping[str, int] = self.process.call("aliases", name)
        return found

    def set_alias(self, name: str, alias: str, version: int) -> None:
        """As the registry's."""
        self.process.call("set_alias", name, alias, version)

    def remove_alias(self, name: str, alias: str) -> None:
        """As the registry's."""
        self.process.call("remove_alias", name, alias)


def _unsent(why: str) -> str:
    return f"MLflow did not accept all of the study{why}; nothing is lost, the next start of the study ships the rest"

"""Calls between two processes of one study, over a pair of pipes. Each side calls the objects that the other one offers.

Messages are pickled: both ends are this package, and the pipes belong to them alone.
"""

from __future__ import annotations

import pickle
import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import IO, Any

from foldwise.errors import JobError


@dataclass(frozen=True)
class _Call:
    number: int
    target: str
    method: str
    arguments: tuple[Any, ...]


@dataclass(frozen=True)
class _Answer:
    number: int
    value: Any
    fault: Exception | None


class Calls:
    """One end of the pair. Once started, a thread reads, and another carries out the other side's calls one after the other.

    Args:
        incoming, outgoing: the pipes.
        targets: what the other side may call, by name.
        lost: the sentence of calls whose other side has ended.
        apart: the target whose calls do not wait for those of the others, nor these for them.
    """

    def __init__(
        self, incoming: IO[bytes], outgoing: IO[bytes], targets: Mapping[str, object], lost: str, apart: str | None = None
    ) -> None:
        self._incoming, self._outgoing, self._targets, self._lost = incoming, outgoing, targets, lost
        self._lock = threading.Lock()
        self._waiting: dict[int, Future[Any]] = {}
        self._number = 0
        self._apart = apart
        self._workers = [ThreadPoolExecutor(1, thread_name_prefix=name) for name in ("calls", "calls apart")]
        self.ended = threading.Event()

    def start(self) -> None:
        """Begin to read. A target that itself calls the other side is given this object before, not after."""
        threading.Thread(target=self._read, name="answers", daemon=True).start()

    def call(self, target: str, method: str, *arguments: Any) -> Future[Any]:
        """Start a call of the other side; its future has the value, or raises what the method raised there.

        The future raises JobError if the other side ends before it answers.
        """
        answer: Future[Any] = Future()
        with self._lock:
            self._number += 1
            number = self._number
            self._waiting[number] = answer
        try:
            self._send(_Call(number, target, method, arguments))
        except (OSError, ValueError):  # a closed pipe
            self._give_up()
        if self.ended.is_set():
            self._give_up()
        return answer

    def _send(self, message: _Call | _Answer) -> None:
        words = pickle.dumps(message)
        with self._lock:
            self._outgoing.write(words)
            self._outgoing.flush()

    def _read(self) -> None:
        try:
            while True:
                message = pickle.load(self._incoming)  # noqa: S301 our own process wrote it
                if isinstance(message, _Call):
                    self._workers[message.target == self._apart].submit(self._carry_out, message)
                else:
                    self._settle(message)
        except (EOFError, OSError, ValueError, pickle.UnpicklingError):  # the other side has ended, perhaps within a message
            self.ended.set()
            self._give_up()
            for worker in self._workers:
                worker.shutdown(wait=False, cancel_futures=True)

    def _carry_out(self, call: _Call) -> None:
        value, fault = None, None
        try:
            value = getattr(self._targets[call.target], call.method)(*call.arguments)
        except Exception as found:  # noqa: BLE001 the caller raises it
            fault = found
        try:
            self._send(_Answer(call.number, value, fault))
        except (OSError, ValueError):  # it has ended, and waits for nothing
            return
        except Exception as unsent:  # noqa: BLE001 what cannot be pickled: a fault of a library
            self._send(_Answer(call.number, None, JobError(f"{fault or unsent}")))

    def _settle(self, answer: _Answer) -> None:
        with self._lock:
            waiting = self._waiting.pop(answer.number, None)
        if waiting is not None and answer.fault is not None:
            waiting.set_exception(answer.fault)
        elif waiting is not None:
            waiting.set_result(answer.value)

    def _give_up(self) -> None:
        with self._lock:
            left, self._waiting = list(self._waiting.values()), {}
        for answer in left:
            answer.set_exception(JobError(self._lost))

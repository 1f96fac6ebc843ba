"""Which version a reference stands for, looked up now and then; a new one is loaded beside the one that answers."""

from __future__ import annotations

from collections.abc import Callable

from foldwise.errors import FoldwiseError
from foldwise.serving.app import Served

SECONDS_BETWEEN_LOOKS = 2.0


class Follower:
    """The version that serves now, and the step to the next one.

    Args:
        number: the version that the reference stands for now; raises FoldwiseError if that cannot be known.
        load: loads a version; raises FoldwiseError if it must not answer.
        notify: shows a sentence on the terminal.
    """

    def __init__(self, number: Callable[[], int], load: Callable[[int], Served], notify: Callable[[str], None]) -> None:
        self._number = number
        self._load = load
        self._notify = notify
        self._version = number()
        self._served = load(self._version)
        self._refused: int | None = None
        self._complaint = ""

    def served(self) -> Served:
        """The version that answers a request that begins now."""
        return self._served

    def look(self) -> None:
        """Load and take the version that the reference stands for by now. Whatever fails, the present one stays."""
        try:
            number = self._number()
        except FoldwiseError as fault:
            self._complain(f"{fault}; {self._served.name} goes on serving")
            return
        self._complaint = ""
        if number in (self._version, self._refused):
            return
        try:
            served = self._load(number)
        except FoldwiseError as fault:
            self._refused = number
            self._notify(f"version {number} cannot be served: {fault}; {self._served.name} goes on serving")
            return
        before, self._served, self._version, self._refused = self._served, served, number, None
        self._notify(f"{served.name} serves from now on, in place of {before.name}")

    def _complain(self, sentence: str) -> None:
        """Show a sentence once, not at every look."""
        if sentence != self._complaint:
            self._notify(sentence)
        self._complaint = sentence

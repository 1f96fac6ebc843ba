"""The interface of tuners, which propose the parameters of the next trial and are told its result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from foldwise.spec.space import Params
from foldwise.trial.result import TrialResult


class Tuner(Protocol):
    """Proposes parameters. It keeps no files: a resumed search tells it the ledger's results again, in any order.

    What `ask` returns depends on the seed, the number, the results so far and the pending parameters alone, so a resumed
    search proposes the same parameters as one that was never stopped.
    """

    def ask(self, number: int, pending: Sequence[Params] = ()) -> Params | None:
        """The parameters of trial `number`, while trials with the `pending` parameters still run.

        None if there is nothing new: while trials are pending, ask again when one has ended; else the search is over.
        """
        ...

    def tell(self, result: TrialResult) -> None:
        """Take the result of a finished trial."""
        ...

"""What a tuner is: it proposes the parameters of the next trial and is told what came out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from foldwise.spec.space import Params
from foldwise.trial.result import TrialResult


class Tuner(Protocol):
    """Proposes parameters. It keeps no files: a resumed search tells it the ledger's rows again, in any order.

    What `ask` answers follows from the seed, the number, the results told so far and the pending parameters, and from
    nothing else; so a resumed search asks for the same parameters as one that was never stopped.
    """

    def ask(self, number: int, pending: Sequence[Params] = ()) -> Params | None:
        """The parameters of trial `number`, while trials with the `pending` parameters still run.

        None: nothing new now. While trials are pending, ask again when one has ended; else the search is over.
        """
        ...

    def tell(self, result: TrialResult) -> None:
        """Takes note of a finished trial."""
        ...

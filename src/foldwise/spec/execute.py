"""Where trials run."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from foldwise.spec.base import ByKind, Spec, matching

Threads = Annotated[int, Field(ge=1, le=1024)] | None
Generation = Literal["auto"] | Annotated[int, Field(ge=1, le=64)]
Address = Annotated[str, matching(r"(tcp|tls|ucx|ws|wss)://[^\s@]+:\d+", "a scheduler's address, as in tcp://127.0.0.1:8786")]


class HereExecutor(Spec):
    """Trials run in this process with `threads` threads each. If null, the size of the trials decides.

    generation: how many trials the tuner proposes before it learns from their results.
    """

    kind: Literal["here"] = "here"
    threads: Threads = None
    generation: Generation = "auto"


class DaskExecutor(Spec):
    """Trials run in worker processes of dask.distributed, one trial at a time in each.

    With an `address`, all workers of that scheduler are used; without one, `workers` processes start on this machine.
    """

    kind: Literal["dask"]
    workers: Annotated[int, Field(ge=1, le=4096)] = 2
    address: Address | None = None
    threads: Threads = None
    generation: Generation = "auto"


ExecutorSpec = Annotated[HereExecutor | DaskExecutor, Field(discriminator="kind"), ByKind]

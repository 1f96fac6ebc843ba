"""Where trials run."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from foldwise.spec.base import ByKind, Spec, matching


class HereExecutor(Spec):
    """Trials run in this process, with `threads` threads each; null leaves their number to what has to be computed."""

    kind: Literal["here"] = "here"
    threads: Annotated[int, Field(ge=1, le=1024)] | None = None


Address = Annotated[str, matching(r"(tcp|tls|ucx|ws|wss)://[^\s@]+:\d+", "a scheduler's address, as in tcp://127.0.0.1:8786")]


class DaskExecutor(Spec):
    """Trials run in processes of dask.distributed, one a worker.

    With an `address`, those of the scheduler there, however many it has; else `workers` processes on this machine.
    """

    kind: Literal["dask"]
    workers: Annotated[int, Field(ge=1, le=4096)] = 2
    address: Address | None = None
    threads: Annotated[int, Field(ge=1, le=1024)] | None = None


ExecutorSpec = Annotated[HereExecutor | DaskExecutor, Field(discriminator="kind"), ByKind]

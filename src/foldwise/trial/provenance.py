"""Where a study was made and what it optimizes, as the ledger keeps it beside the recipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from foldwise.spec.goal import Goal, Task
from foldwise.spec.settled import Settled


@dataclass(frozen=True)
class Machine:
    """Where a study was started. It has no host name, because everybody who sees a run sees it."""

    system: str
    processor: str
    cores: int | None


@dataclass(frozen=True)
class Commit:
    """The commit of the working folder, and whether tracked files were changed since."""

    commit: str
    changed: bool


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Where a study was made and what it optimizes.

    data: the name of the data. rows: of development and holdout. columns: name -> kind; None for images.
    image: height, width and channels; None for tables.
    rows_fingerprint: as `Table.rows_fingerprint`; None in studies of an older foldwise.
    settled: what `auto` was settled to by the rows; None where they decided nothing.
    generation: how many trials the tuner proposes before it learns from their results; None is 1, also in older studies.
    experiment: what studies are shown under that share an experiment, such as those that make challengers; None elsewhere.
    """

    task: Task
    goal: Goal
    data: str
    target: str | None = None
    rows: int | None = None
    columns: Mapping[str, str] | None = None
    image: tuple[int, ...] | None = None
    user: str | None = None
    machine: Machine | None = None
    git: Commit | None = None
    rows_fingerprint: Annotated[str | None, Field(exclude_if=lambda fingerprint: fingerprint is None)] = None
    settled: Annotated[Settled | None, Field(exclude_if=lambda settled: settled is None)] = None
    generation: Annotated[int | None, Field(exclude_if=lambda generation: generation is None)] = None
    experiment: Annotated[str | None, Field(exclude_if=lambda experiment: experiment is None)] = None

    def to_json(self) -> dict[str, Any]:
        """As plain values, for the ledger and the tracker."""
        row: dict[str, Any] = _JSON.dump_python(self, mode="json")
        return row

    @staticmethod
    def from_json(row: Mapping[str, Any]) -> Provenance:
        """The inverse of `to_json`."""
        return _JSON.validate_python(row)


_JSON = TypeAdapter(Provenance)

"""The options of the commands that use finished studies: predict, export, compare, ui."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from foldwise.spec.base import ByKind, Listed, Name, Spec
from foldwise.spec.places import LedgerSpec, Paths, TrackingSpec


class PredictSpec(Spec):
    """The options of predict."""

    model: str
    input: str
    output: str
    ledger: LedgerSpec = LedgerSpec()
    tracking: Annotated[TrackingSpec, ByKind] = TrackingSpec()
    paths: Paths = Paths()


class ExportSpec(Spec):
    """The options of export."""

    model: str
    output: str
    format: Literal["saved_model", "litert", "onnx"] = "saved_model"
    ledger: LedgerSpec = LedgerSpec()
    tracking: Annotated[TrackingSpec, ByKind] = TrackingSpec()
    paths: Paths = Paths()


class CompareSpec(Spec):
    """The options of compare: one study or several, as a page or as text."""

    study: Name | Annotated[tuple[Name, ...], Listed, Field(min_length=1)]
    format: Literal["html", "text"] = "html"
    trials: Annotated[int, Field(ge=1)] = 20
    ledger: LedgerSpec = LedgerSpec()
    paths: Paths = Paths()

    @property
    def studies(self) -> tuple[str, ...]:
        """The names of the studies, without duplicates."""
        return (self.study,) if isinstance(self.study, str) else tuple(dict.fromkeys(self.study))


class UiSpec(Spec):
    """The options of ui."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 5000
    ledger: LedgerSpec = LedgerSpec()
    tracking: Annotated[TrackingSpec, ByKind] = TrackingSpec()
    paths: Paths = Paths()

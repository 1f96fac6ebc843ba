"""What the retrain door is asked."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from foldwise.spec.base import ByKind, Name, Spec, WebAddress
from foldwise.spec.places import LedgerSpec, Paths, TrackingSpec


class AskedPromotion(Spec):
    """The rule of promotion; what is null is as the champion's study has it."""

    margin: Annotated[float, Field(ge=0)] | None = None
    alpha: Annotated[float, Field(gt=0, le=0.5)] | None = None


class ChecksSpec(Spec):
    """What new rows have to pass: by how much more may be missing, and how far a column may move (PSI)."""

    missing: Annotated[float, Field(ge=0, le=1)] = 0.2
    drift: Annotated[float, Field(gt=0)] | None = None


class PlaceSpec(Spec):
    """Where the rows are now; what is null is as the champion's study has it."""

    path: str | None = None
    url: str | None = None
    password_env: str | None = None


class RetrainSpec(Spec):
    """A retraining of a registered model, or the way back to its former champion."""

    model: Name
    rollback: bool = False
    why: Annotated[str, Field(max_length=500)] | None = None
    search: Annotated[int, Field(ge=0, le=100_000)] = 0
    newest: Annotated[float, Field(ge=0, lt=1)] = 0.25
    promotion: AskedPromotion = AskedPromotion()
    checks: ChecksSpec = ChecksSpec()
    data: PlaceSpec = PlaceSpec()
    webhook: WebAddress | None = None
    webhook_private: bool = False
    ledger: LedgerSpec = LedgerSpec()
    tracking: Annotated[TrackingSpec, ByKind] = TrackingSpec()
    paths: Paths = Paths()

    @property
    def options(self) -> dict[str, Any]:
        """What decides how rows are learnt from and judged: the same of the same rows would come to the same."""
        return self.model_dump(include={"search", "newest", "promotion"}, mode="json")

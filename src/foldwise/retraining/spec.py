"""The options of the retrain door."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from foldwise.spec.base import ByKind, Name, Spec, WebAddress
from foldwise.spec.notify import NotifyAddress
from foldwise.spec.places import LedgerSpec, Paths, TrackingSpec


class AskedPromotion(Spec):
    """The rule of promotion; null means as in the champion's study."""

    kind: Literal["auto", "evidence", "test"] | None = None
    margin: Annotated[float, Field(ge=0)] | None = None
    alpha: Annotated[float, Field(gt=0, le=0.5)] | None = None


class ChecksSpec(Spec):
    """Limits for new rows: the increase of missing cells, columns that stopped varying, and the drift of a column (PSI)."""

    missing: Annotated[float, Field(ge=0, le=1)] = 0.2
    constant: bool = True
    drift: Annotated[float, Field(gt=0)] | None = None


class PlaceSpec(Spec):
    """The place of the rows now; null means as in the champion's study."""

    path: str | None = None
    url: str | None = None
    password_env: str | None = None
    statement_timeout: float | None = None


class RetrainSpec(Spec):
    """A retraining of a registered model, a rollback to its former champion, or the history of its retrainings."""

    model: Name
    action: Literal["retrain", "history"] = "retrain"
    rollback: bool = False
    why: Annotated[str, Field(max_length=500)] | None = None
    search: Annotated[int, Field(ge=0, le=100_000)] = 0
    newest: Annotated[float, Field(ge=0, lt=1)] = 0.25
    promotion: AskedPromotion = AskedPromotion()
    checks: ChecksSpec = ChecksSpec()
    data: PlaceSpec = PlaceSpec()
    webhook: WebAddress | None = None
    webhook_private: bool = False
    notify: NotifyAddress | None = None
    notify_private: bool = False
    ledger: LedgerSpec = LedgerSpec()
    tracking: Annotated[TrackingSpec, ByKind] = TrackingSpec()
    paths: Paths = Paths()

    @property
    def options(self) -> dict[str, Any]:
        """The options that decide the outcome: with the same rows and options it would be the same."""
        asked = self.model_dump(include={"search", "newest", "promotion"}, mode="json")
        if self.promotion.kind is None:  # retrainings that began before there was a choice have names made without it
            del asked["promotion"]["kind"]
        return asked


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must say why, as in why='better on the new shop'; it stays in the history")
    return text


class PromoteSpec(Spec):
    """A promotion by a person: which version becomes champion, and why."""

    model: Name
    version: Annotated[int, Field(ge=1, lt=10**9)]
    why: Annotated[str, Field(max_length=500), AfterValidator(_not_blank)]
    ledger: LedgerSpec = LedgerSpec()
    tracking: Annotated[TrackingSpec, ByKind] = TrackingSpec()
    paths: Paths = Paths()

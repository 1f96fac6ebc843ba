"""Where things are kept: runs, data, ledger, tracking store."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator

from foldwise.spec.base import Spec

STORES = ("http://", "https://", "sqlite:///", "postgresql://", "postgresql+psycopg://")


class LedgerSpec(Spec):
    """Where the ledger is; null is `<paths.runs>/ledger.db`."""

    url: str | None = None


def _a_store(url: str) -> str:
    """Refuse a URL where MLflow cannot keep both runs and models; file stores are not supported."""
    if not url.startswith(STORES):
        raise ValueError(f"must begin with {', '.join(STORES[:-1])} or {STORES[-1]}, got {url.partition('://')[0]!r}")
    return url


class TrackingSpec(Spec):
    """Where runs are shown. For `mlflow`, a null url is `sqlite:///<paths.runs>/mlflow.db`.

    curves: `mean` shows each curve as its mean over folds; `folds` adds the curve of each fold.
    figures: whether figures of a finished study are drawn and shown among its artifacts.
    """

    kind: Literal["mlflow", "in_memory"] = "mlflow"
    url: Annotated[str, AfterValidator(_a_store)] | None = None
    curves: Literal["mean", "folds"] = "mean"
    figures: bool = True


class Paths(Spec):
    """runs: the only folder that is written to. data: where data sets are searched for. conf: options searched first."""

    runs: str = "mlruns"
    data: str = "data"
    conf: str | None = None

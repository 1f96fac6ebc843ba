"""The options of the commands that use finished studies: predict, export, compare, step, list, remove, ui, serve."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Annotated, Literal

from pydantic import Field, model_validator

from foldwise.spec.base import ByKind, Listed, Name, Spec, matching
from foldwise.spec.places import FilePath, Folder, LedgerSpec, Paths, TrackingSpec


class PredictSpec(Spec):
    """The options of predict."""

    model: str
    input: FilePath
    output: FilePath
    escape: bool = True
    ledger: LedgerSpec = LedgerSpec()
    tracking: Annotated[TrackingSpec, ByKind] = TrackingSpec()
    paths: Paths = Paths()


class ExportSpec(Spec):
    """The options of export."""

    model: str
    output: FilePath
    format: Literal["saved_model", "litert", "onnx"] = "saved_model"
    ledger: LedgerSpec = LedgerSpec()
    tracking: Annotated[TrackingSpec, ByKind] = TrackingSpec()
    paths: Paths = Paths()


class CompareSpec(Spec):
    """The options of compare: one study or several, as a page or as text; without a study all are listed."""

    study: Name | Annotated[tuple[Name, ...], Listed, Field(min_length=1)] | None = None
    format: Literal["html", "text"] = "html"
    trials: Annotated[int, Field(ge=1)] = 20
    ledger: LedgerSpec = LedgerSpec()
    paths: Paths = Paths()

    @property
    def studies(self) -> tuple[str, ...]:
        """The names of the studies, without duplicates."""
        return (self.study,) if isinstance(self.study, str) else tuple(dict.fromkeys(self.study or ()))


class StepSpec(Spec):
    """The options of step. trial: None is the best one. fold: counted from 0. step: counted from 1 over all epochs."""

    study: Name
    trial: Annotated[int, Field(ge=0)] | None = None
    fold: Annotated[int, Field(ge=0)] = 0
    step: Annotated[int, Field(ge=1)] = 1
    ledger: LedgerSpec = LedgerSpec()
    paths: Paths = Paths()


class ListSpec(Spec):
    """The options of list."""

    kind: Literal["studies", "models", "jobs"] | None = None
    format: Literal["text", "json"] = "text"
    count: Annotated[int, Field(ge=1, le=100_000)] = 50
    jobs: Folder | None = None
    ledger: LedgerSpec = LedgerSpec()
    paths: Paths = Paths()


Version = Annotated[str, matching(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}/[1-9]\d{0,8}", "NAME/version, as in iris/2")]


class RemoveSpec(Spec):
    """The options of remove: studies, or old output of jobs."""

    study: Name | Annotated[tuple[Name, ...], Listed, Field(min_length=1)] | None = None
    models: Annotated[tuple[Version, ...], Listed] = ()
    what: Literal["logs", "job_runs"] | None = None
    older_than: Annotated[float, Field(ge=0, le=36_500)] = 30
    confirm: bool = False
    ledger: LedgerSpec = LedgerSpec()
    tracking: Annotated[TrackingSpec, ByKind] = TrackingSpec()
    paths: Paths = Paths()

    @model_validator(mode="after")
    def _is_one_thing(self) -> RemoveSpec:
        if (self.study is None) == (self.what is None):
            raise ValueError("name what to delete: study=NAME, or what=logs or what=job_runs, not both")
        if self.what is not None and self.models:
            raise ValueError("models=[...] belongs to study=NAME; leave it out")
        return self

    @property
    def studies(self) -> tuple[str, ...]:
        """The names of the studies, without duplicates."""
        return (self.study,) if isinstance(self.study, str) else tuple(dict.fromkeys(self.study or ()))


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a host. Names other than localhost are not looked up: the answer could change."""
    try:
        address = ip_address(host)
    except ValueError:
        return host.lower() == "localhost"
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


Host = Annotated[str, matching(r"[A-Za-z0-9._:%-]{1,255}", "an address or a name of this machine")]


class UiSpec(Spec):
    """The options of ui. `open` says that other machines may reach the pages.

    names: under which the home answers besides, such as that of a server before it.
    home, mlflow: which of the two servers are started. port: MLflow's; home_port: that of the home. Both are the first to try.
    """

    host: Host = "127.0.0.1"
    open: bool = False
    names: Annotated[tuple[Host, ...], Listed] = ()
    home: bool = True
    home_port: Annotated[int, Field(ge=1, le=65535)] = 5050
    mlflow: bool = True
    port: Annotated[int, Field(ge=1, le=65535)] = 5000
    jobs: Folder | None = None
    ledger: LedgerSpec = LedgerSpec()
    tracking: Annotated[TrackingSpec, ByKind] = TrackingSpec()
    paths: Paths = Paths()

    @model_validator(mode="after")
    def _is_meant(self) -> UiSpec:
        if not self.open and not is_loopback(self.host):
            rule = f"host={self.host} lets other machines read, change and delete every run, and the pages have no password"
            raise ValueError(f"{rule}; use host=127.0.0.1, or say that it is meant: open=true")
        return self


Reference = Annotated[
    str,
    matching(
        r"(?:models:/)?[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}(?:@[A-Za-z0-9._-]+|/\d{1,9})?",
        "NAME, NAME@alias or NAME/version, as in iris@champion",
    ),
]


class ServeSpec(Spec):
    """The options of serve. `open` says that other machines may ask the model. port: the first to try."""

    model: Reference
    host: Annotated[str, matching(r"[A-Za-z0-9._:%-]{1,255}", "an address or a name of this machine")] = "127.0.0.1"
    open: bool = False
    port: Annotated[int, Field(ge=1, le=65535)] = 5001
    max_mb: Annotated[float, Field(gt=0, le=1000)] = 16
    ledger: LedgerSpec = LedgerSpec()
    tracking: Annotated[TrackingSpec, ByKind] = TrackingSpec()
    paths: Paths = Paths()

    @model_validator(mode="after")
    def _is_meant(self) -> ServeSpec:
        if not self.open and not is_loopback(self.host):
            rule = f"host={self.host} lets other machines ask the model, and it has no password"
            raise ValueError(f"{rule}; use host=127.0.0.1, or say that it is meant: open=true")
        return self

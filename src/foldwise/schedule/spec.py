"""The options of a job, and of the schedule door."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from foldwise.schedule.cron import Timing, read_timing, read_zone
from foldwise.spec.base import ByKind, Name, Spec, WebAddress, Words, matching
from foldwise.spec.places import Folder, LedgerSpec, Paths, TrackingSpec

SLOT_FORMAT = "%Y-%m-%dT%H-%M-%SZ"  # a slot in a file name and on a command line


def _plain_overrides(words: tuple[str, ...]) -> tuple[str, ...]:
    for word in words:
        if word.startswith("-") or "=" not in word or "\0" in word:
            raise ValueError(f"{word!r} is not an override; write key=value")
    return words


Overrides = Annotated[Words, AfterValidator(_plain_overrides)]


class JobSpec(Spec):
    """A job: its times, its door and the door's options.

    name: from its file. time_limit, pause: in seconds; the pause before a retry doubles each time.
    """

    name: Name
    cron: str
    time_zone: str = "UTC"
    door: Literal["retrain", "tune", "train"] = "retrain"
    model: Name | None = None
    recipe: Name | None = None
    overrides: Overrides = ()
    time_limit: Annotated[float, Field(gt=0)] = 86_400
    retries: Annotated[int, Field(ge=0, le=100)] = 2
    pause: Annotated[float, Field(ge=0, le=86_400)] = 60
    enabled: bool = True
    webhook: WebAddress | None = None
    webhook_private: bool = False

    @field_validator("time_zone")
    @classmethod
    def _zone_known(cls, name: str) -> str:
        read_zone(name)
        return name

    @field_validator("cron")
    @classmethod
    def _valid_cron(cls, cron: str, info: ValidationInfo) -> str:
        read_timing(cron, read_zone("UTC"))
        return cron

    @model_validator(mode="after")
    def _options_fit_the_door(self) -> JobSpec:
        if self.door == "retrain" and self.model is None:
            raise ValueError("a job needs a model to retrain, or door: tune with a recipe or overrides")
        if self.door == "retrain" and self.recipe is not None:
            raise ValueError("a recipe is for door: tune or train; a model is retrained with its own recipe")
        if self.door != "retrain" and self.model is not None:
            raise ValueError(f"a model is for door: retrain; door: {self.door} takes a recipe or overrides")
        given = {"model": self.model, "experiment": self.recipe}
        for key in (word.partition("=")[0].lstrip("+") for word in self.overrides):
            if given.get(key) is not None:
                raise ValueError(f"overrides set {key}, which is already {given[key]}; remove one of them")
        return self

    @property
    def timing(self) -> Timing:
        """When it is due."""
        return read_timing(self.cron, read_zone(self.time_zone))

    @property
    def when(self) -> str:
        """The timing in words, or `disabled`."""
        return f"{' '.join(self.cron.split())} {self.time_zone}" if self.enabled else "disabled"

    @property
    def words(self) -> tuple[str, ...]:
        """The arguments of its door."""
        chosen = [("model", self.model), ("experiment", self.recipe)]
        return (*(f"{key}={value}" for key, value in chosen if value is not None), *self.overrides)


class ScheduleSpec(Spec):
    """The options of the schedule door. slot, attempt: the scheduler passes these to the process of a slot."""

    action: Literal["serve", "list", "run", "history"] = "serve"
    job: Name | None = None
    slot: Annotated[str, matching(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ", "a moment such as 2026-03-29T01-00-00Z")] | None = None
    attempt: Annotated[int, Field(ge=0)] = 0
    jobs: Folder | None = None
    format: Literal["text", "json"] = "text"
    count: Annotated[int, Field(ge=1, le=1_000_000)] = 50
    ledger: LedgerSpec = LedgerSpec()
    tracking: Annotated[TrackingSpec, ByKind] = TrackingSpec()
    paths: Paths = Paths()

    @field_validator("slot")
    @classmethod
    def _a_moment(cls, slot: str | None) -> str | None:
        if slot is not None:
            read_slot(slot)
        return slot


def read_slot(text: str) -> datetime:
    """Read a moment in SLOT_FORMAT.

    Raises:
        ValueError: the text has another form.
    """
    try:
        return datetime.strptime(text, SLOT_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        raise ValueError(f"{text!r} is not a moment; write it as in the names of logs, 2026-01-31T03-30-00Z") from None


def write_slot(slot: datetime) -> str:
    """A moment in SLOT_FORMAT."""
    return slot.astimezone(UTC).strftime(SLOT_FORMAT)

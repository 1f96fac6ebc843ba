"""The rules of `bundle.json`. Anybody who can write the file can put anything into it, so every field is checked."""

from __future__ import annotations

import base64
import binascii
import codecs
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, ValidationError, model_validator

from foldwise.models.head_rules import OUTPUTS, SPECIAL_OUTPUTS
from foldwise.models.heads import UNITS
from foldwise.spec.base import Listed, Name, Spec, matching
from foldwise.spec.data import CsvData, FeatureKind
from foldwise.spec.fit import LOSSES
from foldwise.spec.goal import CLASSES, SEVERAL, Task
from foldwise.spec.stored import (
    MOST_FEATURES,
    MOST_PARTS,
    Ascending,
    Distinct,
    Finite,
    ImageShape,
    NonEmpty,
    Positive,
    Share,
    Text,
    distinct,
    first_fault,
)

MOST_SIDE = 10_000  # pixels
IMAGE = "image"  # the key of an image in a sample row: its pixels as base64
MOST_SAMPLES = 1000
MOST_ENCODED = 2 * MOST_FEATURES  # characters of an image
MOST_MEMBERS, MOST_WEIGHT = 50, 1000  # of an ensemble
ROUNDING = 1e-6  # of the sum of a row's probabilities

Word = Annotated[str, matching(r"[A-Za-z0-9][A-Za-z0-9._+!-]{0,99}", "1 to 100 of A-Z a-z 0-9 . _ + ! -")]
Hash = Annotated[str, matching(r"[0-9a-f]{64}", "a SHA-256")]
FileName = Annotated[str, matching(r"(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9._/-]{0,199}", "a plain name of a file in the folder")]
Cell = Annotated[str, Field(max_length=MOST_ENCODED)] | bool | int | Finite | None


class HeadRules(Spec):
    """The output layer."""

    units: Annotated[int, Field(ge=1, le=MOST_PARTS)]
    activation: str
    loss: str
    task: Task
    height: Annotated[int, Field(ge=0, le=MOST_SIDE)] = 0
    width: Annotated[int, Field(ge=0, le=MOST_SIDE)] = 0
    stride: Literal[0, 2, 4, 8] = 0
    overlap: Annotated[float, Field(ge=0, le=1)] = 0.0
    weights: Annotated[tuple[Positive, ...], Listed, Field(max_length=MOST_PARTS)] = ()

    @model_validator(mode="after")
    def _known(self) -> HeadRules:
        if (self.task == "detection") != (min(self.height, self.width, self.stride) > 0):
            raise ValueError("height, width and stride belong to boxes, and boxes need them")
        if self.weights and (self.task not in SEVERAL or len(self.weights) != self.units):
            raise ValueError("weights belong to several numbers, and there is one for each")
        if self.task not in LOSSES.get(self.loss, ()):
            raise ValueError(f"loss {self.loss[:80]!r} does not suit a {self.task} task")
        if self.activation not in SPECIAL_OUTPUTS.get(self.loss, OUTPUTS[self.task]):
            raise ValueError(f"activation {self.activation[:80]!r} does not suit a {self.task} task with loss {self.loss}")
        return self


class ColumnRules(Spec):
    """A feature column. `Column` refuses further keys that it does not know."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Annotated[str, Field(max_length=100)]]

    name: NonEmpty
    kind: FeatureKind


class SchemaRules(Spec):
    """The columns, or the shape of images."""

    columns: Annotated[tuple[ColumnRules, ...], Listed, Field(max_length=MOST_PARTS)]
    image: ImageShape | None = None

    @model_validator(mode="after")
    def _either(self) -> SchemaRules:
        if (self.image is None) != bool(self.columns):
            raise ValueError("must have either columns or the shape of an image")
        distinct(tuple(column.name for column in self.columns))
        return self


class SampleRules(Spec):
    """A raw row and its scores."""

    row: Mapping[Text, Cell]
    scores: Annotated[tuple[Finite, ...], Listed, Field(min_length=1, max_length=MOST_PARTS)]


class ProfileRules(Spec):
    """The profile of a column."""

    name: NonEmpty
    kind: FeatureKind
    missing: Share
    low: Finite | None = None
    high: Finite | None = None
    edges: Annotated[tuple[Finite, ...], Listed, Field(max_length=100), Ascending] = ()
    shares: Annotated[tuple[Share, ...], Listed, Field(max_length=101)] = ()
    levels: Annotated[Mapping[Text, Share], Field(max_length=1000)] = {}

    @model_validator(mode="after")
    def _whole(self) -> ProfileRules:
        if (self.low is None) != (self.high is None) or (self.low or 0.0) > (self.high or 0.0):
            raise ValueError("low must be at most high")
        if len(self.shares) != (len(self.edges) + 1 if self.shares else 0) or (self.edges and not self.shares):
            raise ValueError("must have one share more than edges")
        return self


class CalibrationRules(Spec):
    """The calibration of probabilities."""

    slope: Annotated[float, Field(ge=0.01, le=100)]
    bias: Annotated[float, Field(ge=-100, le=100)] = 0.0


class IntervalRules(Spec):
    """The interval of an answer to a regression."""

    coverage: Annotated[float, Field(gt=0, lt=1)]
    half_width: Annotated[Finite, Field(ge=0)]


class TargetColumnRules(Spec):
    """One of several numbers."""

    name: NonEmpty
    weight: Positive
    unit: Positive
    written: Annotated[str, Field(max_length=100)] = ""


class MemberRules(Spec):
    """A trial of an ensemble."""

    trial: Annotated[int, Field(ge=0)]
    weight: Annotated[int, Field(ge=1, le=MOST_WEIGHT)]
    part: Annotated[int, Field(ge=0, lt=MOST_MEMBERS)]


class PartRules(Spec):
    """A further network with a preparation of its own."""

    head: HeadRules
    features: Annotated[tuple[Text, ...], Listed, Field(min_length=1, max_length=MOST_FEATURES)]


class EnsembleRules(Spec):
    """Trials that answer together."""

    members: Annotated[tuple[MemberRules, ...], Listed, Field(min_length=2, max_length=MOST_MEMBERS)]
    parts: Annotated[tuple[PartRules, ...], Listed, Field(max_length=MOST_MEMBERS)] = ()

    @model_validator(mode="after")
    def _each_has_a_member(self) -> EnsembleRules:
        if {member.part for member in self.members} != set(range(len(self.parts) + 1)):
            raise ValueError("must have a member for every part, and a part for every member")
        if len({member.trial for member in self.members}) != len(self.members):
            raise ValueError("must name each trial once")
        return self


class CardRules(Spec):
    """A whole card."""

    study: Name
    head: HeadRules
    target: NonEmpty
    features: Annotated[tuple[Text, ...], Listed, Field(min_length=1, max_length=MOST_FEATURES)]
    labels: Annotated[tuple[Text, ...], Listed, Field(max_length=MOST_PARTS), Distinct]
    schema_: Annotated[SchemaRules, Field(alias="schema")]
    reading: dict[str, Any]
    versions: Annotated[Mapping[Word, Word], Field(max_length=100)]
    sample: Annotated[tuple[SampleRules, ...], Listed, Field(max_length=MOST_SAMPLES)]
    threshold: Annotated[float, Field(gt=0, lt=1)] = 0.5
    profile: Annotated[tuple[ProfileRules, ...], Listed, Field(max_length=MOST_PARTS)] = ()
    files: Annotated[Mapping[FileName, Hash], Field(max_length=1000)] = {}
    target_written: Annotated[str, Field(max_length=100)] = ""
    row_cells: Annotated[int, Field(ge=0, le=MOST_PARTS)] = 0
    calibration: CalibrationRules | None = None
    interval: IntervalRules | None = None
    ensemble: EnsembleRules | None = None
    targets: Annotated[tuple[TargetColumnRules, ...], Listed, Field(max_length=MOST_PARTS)] = ()

    @model_validator(mode="after")
    def _agrees(self) -> CardRules:
        _check_reading(self.reading, self.target)
        for head in (self.head, *(part.head for part in (self.ensemble.parts if self.ensemble else ()))):
            _check_labels(head.task, head.units, len(self.labels))
            if head.task != self.head.task:
                raise ValueError("must have one task in all parts")
        of_numbers, of_labels = self.head.task == "regression", self.head.task in CLASSES
        if (self.interval is not None and not of_numbers) or (self.calibration is not None and not of_labels):
            raise ValueError("must have an interval for a regression only, and a calibration for labels only")
        if tuple(column.name for column in self.targets) != (self.labels if self.head.task in SEVERAL else ()):
            raise ValueError("targets must have the columns of several numbers, which are its labels, and nothing else has any")
        if (image := self.schema_.image) is not None and len(self.features) != image[0] * image[1] * image[2]:
            raise ValueError(f"has {len(self.features)} features for an image of {' x '.join(map(str, image))}")
        for place, sample in enumerate(self.sample):
            _check_sample(f"sample.{place}", sample, self.schema_, self.head, len(self.labels))
        columns = [(column.name, column.kind) for column in self.schema_.columns]
        if self.profile and [(profile.name, profile.kind) for profile in self.profile] != columns:
            raise ValueError("profile must have the columns of the schema")
        return self


def _check_reading(reading: Mapping[str, Any], target: str) -> None:
    """Judge how cells are read by the rules of the configuration that the values come from."""
    try:
        CsvData.model_validate({**reading, "kind": "csv", "path": "rows.csv", "target": target})
    except ValidationError as fault:
        raise ValueError(f"reading.{first_fault(fault)}") from None
    encoding = reading.get("encoding", "utf-8")
    try:
        codecs.lookup(encoding)
    except (LookupError, ValueError):
        raise ValueError(f"reading.encoding: {encoding[:80]!r} is unknown") from None


def _check_labels(task: Task, units: int, labels: int) -> None:
    """Refuse a head whose outputs are not one for each label."""
    fits: Mapping[Task, bool] = {
        "regression": labels == 0 and units == 1,
        "binary": labels == 2 and units == 1,
        "multiclass": labels >= 2 and units == labels,
        "segmentation": labels >= 2 and units == labels,
        "multioutput": labels >= 2 and units == labels,
        "detection": labels >= 1 and units == UNITS["detection"](labels),
    }
    if not fits[task]:
        raise ValueError(f"has {labels} labels for a {task} task with {units} outputs")


def _check_sample(where: str, sample: SampleRules, schema: SchemaRules, head: HeadRules, labels: int) -> None:
    """Refuse a sample row with other columns than the schema's, or whose scores are not one probability for each label.

    Of pixels and boxes the scores are the mean outputs of the network; of several numbers they are these.
    """
    names = {IMAGE} if schema.image is not None else {column.name for column in schema.columns}
    if set(sample.row) != names:
        raise ValueError(f"{where}.row must have the columns of the schema")
    if schema.image is not None:
        height, width, channels = schema.image
        if _decoded(sample.row[IMAGE]) != height * width * channels:
            raise ValueError(f"{where}.row.{IMAGE} is not an image of {height} x {width} x {channels}")
    if head.task not in (*CLASSES, "regression"):  # masks, boxes and several numbers
        if len(sample.scores) != head.units:
            raise ValueError(f"{where}.scores has {len(sample.scores)} numbers for {head.units} outputs")
        return
    if len(sample.scores) != max(labels, 1):
        raise ValueError(f"{where}.scores has {len(sample.scores)} numbers for {labels} labels")
    if labels and not (min(sample.scores) >= 0 and abs(sum(sample.scores) - 1) <= ROUNDING * labels):
        raise ValueError(f"{where}.scores must be probabilities with sum 1")


def _decoded(cell: Any) -> int | None:
    """The number of bytes in base64; None if it is something else."""
    try:
        return len(base64.b64decode(cell, validate=True)) if isinstance(cell, str) else None
    except (binascii.Error, ValueError):
        return None

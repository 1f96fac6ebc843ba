"""Tables: the options all of them share, and those read from scikit-learn or from a file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from foldwise.spec.base import BadKey, ByKind, Listed, Spec, Words
from foldwise.spec.goal import Task

FeatureKind = Literal["number", "category", "date", "text"]
ColumnKind = FeatureKind | Literal["identifier"]


# As data.time, unless a column has this name: the row number, for sources that list their rows in the order of time.
ROW = "row"


class HashHoldout(Spec):
    """The rows with the lowest hashes (of row key, group or features), so that a row keeps its side as the data grow."""

    kind: Literal["hash"] = "hash"
    share: Annotated[float, Field(gt=0, lt=1)] = 0.2


class TimeHoldout(Spec):
    """The newest rows by `data.time`, from a date that is fixed with the study."""

    kind: Literal["time"]
    share: Annotated[float, Field(gt=0, lt=1)] = 0.2


class GivenHoldout(Spec):
    """A file of test rows with the same columns."""

    kind: Literal["given"]
    path: str
    share: float | None = None  # left over from the other kinds, and ignored: the file decides how many rows there are


# What is left over from the other kinds, if only the kind is changed; `none` ignores it.
_OF_OTHER_HOLDOUTS = ("share", "path", "images", "labels")


class NoHoldout(Spec):
    """No rows are set aside, so no score is on rows that training and search have not seen."""

    kind: Literal["none"]

    @model_validator(mode="before")
    @classmethod
    def _without_the_rest(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        return {key: value for key, value in values.items() if key not in _OF_OTHER_HOLDOUTS}


HoldoutSpec = Annotated[HashHoldout | TimeHoldout | GivenHoldout | NoHoldout, Field(discriminator="kind"), ByKind]


@dataclass(frozen=True)
class Reading:
    """How cells are read: the options of `data` that also hold for later rows."""

    delimiter: str = ","
    encoding: str = "utf-8"
    decimal: str = "."
    missing: tuple[str, ...] = ("",)
    target_strip: str = ""
    join_levels: bool = False
    header: bool = True
    skip: int = 0
    skip_end: int = 0
    comment: str | None = None
    ragged: Literal["refuse", "fill"] = "refuse"


# Why clustering is not a task here; docs say the same.
NO_TARGET = (
    "foldwise learns from a target: folds, baselines, holdout and verdict compare answers with the truth, and clustering has "
    "none; name the column to predict, data.target=COLUMN, or cluster with scikit-learn"
)
_WITHOUT_TARGET = ("clustering", "cluster", "unsupervised", "kmeans")


def _one_or_several(value: Any) -> Any:
    """The names in a list; one alone is the name itself. A place from the end, as -1, can be a number."""
    if not isinstance(value, list | tuple):
        return value
    names = [str(name) if isinstance(name, int) and not isinstance(name, bool) and name < 0 else name for name in value]
    if not names:
        raise ValueError("is an empty list; name the column to predict, or columns of numbers as in [y1,y2]")
    if wrong := [name for name in names if not isinstance(name, str)]:
        raise ValueError(f"lists names of columns, as in [y1,y2], got {wrong[0]!r}")
    if twice := [name for place, name in enumerate(names) if name in names[:place]]:
        raise ValueError(f"names {twice[0]!r} twice; name each column once")
    return names[0] if len(names) == 1 else tuple(names)


Targets = Annotated[str | tuple[str, ...], BeforeValidator(_one_or_several)]
Weight = Annotated[float, Field(gt=0)]


class Labelled(Spec):
    """The target, which all data have; abstract.

    task: what is predicted; `auto` infers it from the target.
    """

    name: str | None = None
    target: Targets
    task: Literal["auto"] | Task = "auto"
    positive: str | int | float | bool | None = None

    @model_validator(mode="before")
    @classmethod
    def _has_target(cls, values: Any) -> Any:
        if isinstance(values, Mapping):
            if "target" in values and values["target"] is None:
                raise BadKey("target", f"is null; {NO_TARGET}")
            if values.get("task") in _WITHOUT_TARGET:
                raise BadKey("task", f"{values['task']!r} has no target; {NO_TARGET}")
        return values

    @property
    def targets(self) -> tuple[str, ...]:
        """The columns to predict: one, or several numbers."""
        return (self.target,) if isinstance(self.target, str) else self.target

    @property
    def target_name(self) -> str:
        """The column to predict, or the names of all."""
        return ", ".join(self.targets)

    @property
    def reading(self) -> Reading:
        """How the cells are read."""
        return Reading()


class TableData(Labelled):
    """The options that all tables share; abstract.

    target_weights: of several numbers, how much each counts in the loss and in mean scores; () counts all alike.
    """

    target_weights: Annotated[tuple[Weight, ...], Listed] = ()
    kinds: Mapping[str, ColumnKind] = {}
    drop: Words = ()
    row_key: Words = ()
    group: str | None = None
    time: str | None = None
    holdout: HoldoutSpec = HashHoldout()

    @model_validator(mode="after")
    def _of_several(self) -> TableData:
        several, weights = len(self.targets) > 1, len(self.target_weights)
        if several and self.task not in ("auto", "multioutput"):
            rule = f"is {self.task}, and data.target lists {len(self.targets)} columns of numbers, which is multioutput"
            raise BadKey("task", f"{rule}; leave it at auto, or name one column")
        if not several and self.task == "multioutput":
            raise BadKey("task", "multioutput predicts several numbers; list their columns, data.target=[y1,y2]")
        if several and self.positive is not None:
            raise BadKey("positive", "is for two labels, and data.target lists columns of numbers; leave it out")
        if weights and not several:
            raise BadKey("target_weights", "weighs several numbers, and data.target names one column; leave it out")
        if weights and weights != len(self.targets):
            rule = f"has {weights} weights, and data.target lists {len(self.targets)} columns"
            raise BadKey("target_weights", f"{rule}; give one for each, in their order")
        return self


DIRECTIVES = "YymdbBHMSfIpz"  # of Python's strptime, those that a format of data.dates can have


def _date_format(text: str) -> str:
    unknown = [mark for mark in re.findall(r"%(.?)", text) if mark == "" or mark not in DIRECTIVES]
    if unknown or not re.search("%[Yy]", text):
        known = " ".join(f"%{mark}" for mark in DIRECTIVES)
        raise ValueError(f"{text!r} is not a format of dates; write it like %d/%m/%Y or %Y-%m-%d %H:%M, from {known}")
    return text


class RawTable(TableData):
    """A table of raw cells, as files, databases and users supply them; abstract.

    missing: the only cells that count as missing. target_strip: characters to strip from both ends of labels. join_levels:
    levels and labels that differ only by case or space are one. dates: column -> the format of its dates.
    """

    name: str | None = None
    missing: Words = ("",)
    target_strip: str = ""
    join_levels: bool = False
    dates: Mapping[str, Annotated[str, AfterValidator(_date_format)]] = {}

    @property
    def reading(self) -> Reading:
        """How the cells are read."""
        return Reading(missing=self.missing, target_strip=self.target_strip, join_levels=self.join_levels)


class SklearnData(TableData):
    """A table that comes with scikit-learn."""

    kind: Literal["sklearn"]
    name: Literal["iris", "wine", "breast_cancer", "digits", "diabetes"]
    target: Targets = "target"


SKLEARN_TASKS: dict[str, Task] = {
    "iris": "multiclass",
    "wine": "multiclass",
    "breast_cancer": "binary",
    "digits": "multiclass",
    "diabetes": "regression",
}


WHITESPACE = "whitespace"  # the delimiter that is white space of any length


# How people call a delimiter -> how an option has it in a shell.
_DELIMITER_WORDS = {
    **dict.fromkeys(("comma",), "','"),
    **dict.fromkeys(("semicolon", "semi"), "';'"),
    **dict.fromkeys(("pipe", "bar"), "'|'"),
    **dict.fromkeys(("colon",), "':'"),
    **dict.fromkeys(("space", "spaces", "blank", "blanks", "\\s+", "\\s"), WHITESPACE),
    **dict.fromkeys(("tabs", "tabulator"), "tab"),
}


def _delimiter(value: Any) -> Any:
    if value in ("tab", "\\t"):
        return "\t"  # a real tab survives neither a shell nor Hydra
    if isinstance(value, str) and len(value) != 1 and value != WHITESPACE:
        meant = _DELIMITER_WORDS.get(value.lower())
        near = f", did you mean data.delimiter={meant}?" if meant else ""
        raise ValueError(f"must be one character, tab or {WHITESPACE}, got {value!r}{near}")
    return value


def _place_as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class CsvData(RawTable):
    """A text table. Blanks around a cell are ignored.

    target: a column, or with header=false also its place from the end, -1 for the last. header: whether the first line names
    the columns; without one they are column_1, column_2, ... skip, skip_end: lines to leave out before the header and rows to
    leave out at the end. comment: lines that begin with it are left out. ragged: `fill` adds empty cells to short rows.
    """

    kind: Literal["csv"]
    path: str
    target: Annotated[Targets, BeforeValidator(_place_as_text)]
    delimiter: Annotated[str, BeforeValidator(_delimiter)] = ","
    encoding: str = "utf-8"
    decimal: Literal[".", ","] = "."
    header: bool = True
    skip: Annotated[int, Field(ge=0)] = 0
    skip_end: Annotated[int, Field(ge=0)] = 0
    comment: Annotated[str, Field(min_length=1, max_length=10)] | None = None
    ragged: Literal["refuse", "fill"] = "refuse"

    @property
    def reading(self) -> Reading:
        """How the cells are read."""
        return Reading(**{field.name: getattr(self, field.name) for field in fields(Reading)})


class ParquetData(RawTable):
    """A Parquet file."""

    kind: Literal["parquet"]
    path: str


TableSpec = SklearnData | CsvData | ParquetData

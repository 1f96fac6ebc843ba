"""Tables: the options all of them share, and those read from scikit-learn or from a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from foldwise.spec.base import ByKind, Spec, Words
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


HoldoutSpec = Annotated[HashHoldout | TimeHoldout | GivenHoldout, Field(discriminator="kind"), ByKind]


@dataclass(frozen=True)
class Reading:
    """How cells are read: the options of `data` that also hold for later rows."""

    delimiter: str = ","
    encoding: str = "utf-8"
    decimal: str = "."
    missing: tuple[str, ...] = ("",)
    target_strip: str = ""


class Labelled(Spec):
    """The target, which all data have; abstract."""

    name: str | None = None
    target: str
    task: Literal["auto"] | Task = "auto"
    positive: str | int | float | bool | None = None

    @property
    def reading(self) -> Reading:
        """How the cells are read."""
        return Reading()


class TableData(Labelled):
    """The options that all tables share; abstract."""

    kinds: Mapping[str, ColumnKind] = {}
    drop: Words = ()
    row_key: Words = ()
    group: str | None = None
    time: str | None = None
    holdout: HoldoutSpec = HashHoldout()


class RawTable(TableData):
    """A table of raw cells, as files, databases and users supply them; abstract.

    missing: the only cells that count as missing. target_strip: characters to strip from both ends of labels.
    """

    name: str | None = None
    missing: Words = ("",)
    target_strip: str = ""

    @property
    def reading(self) -> Reading:
        """How the cells are read."""
        return Reading(missing=self.missing, target_strip=self.target_strip)


class SklearnData(TableData):
    """A table that comes with scikit-learn."""

    kind: Literal["sklearn"]
    name: Literal["iris", "wine", "breast_cancer", "digits", "diabetes"]
    target: str = "target"


SKLEARN_TASKS: dict[str, Task] = {
    "iris": "multiclass",
    "wine": "multiclass",
    "breast_cancer": "binary",
    "digits": "multiclass",
    "diabetes": "regression",
}


def _tab(value: Any) -> Any:
    return "\t" if value in ("tab", "\\t") else value  # a real tab survives neither a shell nor Hydra


class CsvData(RawTable):
    """A text table with a header row. Blanks around a cell are ignored."""

    kind: Literal["csv"]
    path: str
    delimiter: Annotated[str, Field(min_length=1, max_length=1), BeforeValidator(_tab)] = ","  # or the word tab
    encoding: str = "utf-8"
    decimal: Literal[".", ","] = "."

    @property
    def reading(self) -> Reading:
        """How the cells are read."""
        return Reading(self.delimiter, self.encoding, self.decimal, self.missing, self.target_strip)


class ParquetData(RawTable):
    """A Parquet file."""

    kind: Literal["parquet"]
    path: str


TableSpec = SklearnData | CsvData | ParquetData

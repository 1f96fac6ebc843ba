"""What is asked of the data: their source, the holdout, the folds, the preparation, the balance of classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from foldwise.goal import Task
from foldwise.spec import ByKind, Spec, Words

ScaleKind = Literal["standard", "minmax", "max", "unit", "robust", "quantile", "quantile_uniform", "yeo_johnson", "none"]
FeatureKind = Literal["number", "category", "date", "text"]
ColumnKind = FeatureKind | Literal["identifier"]


class HashHoldout(Spec):
    """Rows whose hash (of row key, group or features) is lowest: a row keeps its side as the data grow."""

    kind: Literal["hash"] = "hash"
    share: Annotated[float, Field(gt=0, lt=1)] = 0.2


class TimeHoldout(Spec):
    """The newest rows by `data.time`, from a date that is frozen with the study."""

    kind: Literal["time"]
    share: Annotated[float, Field(gt=0, lt=1)] = 0.2


class GivenHoldout(Spec):
    """A file of test rows with the same columns."""

    kind: Literal["given"]
    path: str
    share: float | None = None  # stays from the other kinds; the file says how many rows there are


HoldoutSpec = Annotated[HashHoldout | TimeHoldout | GivenHoldout, Field(discriminator="kind"), ByKind]


class Labelled(Spec):
    """What all data say of what is to be predicted; abstract."""

    target: str
    task: Literal["auto"] | Task = "auto"
    positive: str | int | float | bool | None = None


class TableData(Labelled):
    """What every table can say of itself; abstract, the kinds below are the sources."""

    kinds: Mapping[str, ColumnKind] = {}
    drop: Words = ()
    row_key: Words = ()
    group: str | None = None
    time: str | None = None
    holdout: HoldoutSpec = HashHoldout()


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
    return "\t" if value in ("tab", "\\t") else value  # a shell and Hydra both eat a real one


class CsvData(TableData):
    """A text table with a header row. Only the marks in `missing` mean missing, and blanks around a cell do not count."""

    kind: Literal["csv"]
    path: str
    name: str | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1), BeforeValidator(_tab)] = ","  # or the word tab
    encoding: str = "utf-8"
    decimal: Literal[".", ","] = "."
    missing: Words = ("",)
    target_strip: str = ""


class ParquetData(TableData):
    """A Parquet file."""

    kind: Literal["parquet"]
    path: str
    name: str | None = None
    missing: Words = ("",)
    target_strip: str = ""


TableSpec = SklearnData | CsvData | ParquetData


class FoldsSpec(Spec):
    """How development rows are cut. `auto`: by group or time where given, else stratified for classes, plain for numbers."""

    kind: Literal["auto", "stratified", "kfold", "grouped", "forward", "split"] = "auto"
    count: Annotated[int, Field(ge=2, le=1000)] | None = None  # 10 up to 2000 rows, 5 beyond, never more than the rarest class
    share: Annotated[float, Field(gt=0, lt=1)] = 0.125  # of the development rows; only kind `split` uses it


class Impute(Spec):
    """What stands in for a missing number. Missing categories are a level of their own unless `most_frequent`."""

    kind: Literal["median", "mean", "most_frequent", "constant"] = "median"
    value: float = 0.0  # only kind `constant` uses it
    indicator: bool = False  # one more column that says where a number was missing


class OneHot(Spec):
    """Levels become columns. Rare levels share one column; a level never seen in training is all zeros."""

    min_share: Annotated[float, Field(ge=0, lt=1)] = 0.0
    max_levels: Annotated[int, Field(ge=2)] = 50
    drop_first: bool = False


class NoText(Spec):
    """Text columns are left out."""

    kind: Literal["none"] = "none"


class HashText(Spec):
    """The words of a text column are counted in `width` columns, by a hash that is the same everywhere."""

    kind: Literal["hash"] = "hash"
    width: Annotated[int, Field(ge=2, le=65536)] = 64


TextSpec = Annotated[NoText | HashText, Field(discriminator="kind"), ByKind]


class NoSelect(Spec):
    """All features are kept."""

    kind: Literal["none"] = "none"


class VarianceSelect(Spec):
    """Features whose variance, as prepared, is above a threshold."""

    kind: Literal["variance"] = "variance"
    threshold: Annotated[float, Field(ge=0)] = 0.0


class KBestSelect(Spec):
    """The `k` features that say most of the target, each asked alone; all where there are fewer."""

    kind: Literal["k_best"] = "k_best"
    k: Annotated[int, Field(ge=1)] = 10
    by: Literal["anova", "mutual_info"] = "anova"


class L1Select(Spec):
    """Features that a lasso on the target (of classes: on 0 and 1) gives a weight.

    strength: its penalty, as a share of the one from which on no feature has a weight.
    """

    kind: Literal["l1"] = "l1"
    strength: Annotated[float, Field(gt=0, lt=1)] = 0.05


SelectSpec = Annotated[NoSelect | VarianceSelect | KBestSelect | L1Select, Field(discriminator="kind"), ByKind]


class PrepSpec(Spec):
    """Preparation of a fold, fitted on its training rows only."""

    impute: Annotated[Impute, ByKind] = Impute()
    scale: ScaleKind = "standard"
    one_hot: OneHot = OneHot()
    dates: Literal["none", "parts", "cyclic"] = "none"
    text: TextSpec = NoText()
    select: SelectSpec = NoSelect()
    target: Literal["standard", "log", "none"] = "standard"  # regression only

    @property
    def kinds(self) -> frozenset[FeatureKind]:
        """The kinds of columns that become features."""
        used: list[FeatureKind] = ["number", "category"]
        used += ["date"] if self.dates != "none" else []
        used += ["text"] if self.text.kind != "none" else []
        return frozenset(used)


Ratio = Annotated[float, Field(gt=0, le=1)]  # of a class's rows to those of the largest one, afterwards
Neighbours = Annotated[int, Field(ge=1)]


class NoBalance(Spec):
    """Training rows as they are."""

    kind: Literal["none"] = "none"


class ClassWeight(Spec):
    """Every row counts `n / (k * count)`, so that all k classes count the same. No row is added or left out."""

    kind: Literal["class_weight"]


class Oversample(Spec):
    """Rows of small classes are repeated at random until there are `ratio` times as many as of the largest class."""

    kind: Literal["oversample"]
    ratio: Ratio = 1.0


class Undersample(Spec):
    """Rows of large classes are left out at random until the smallest class has `ratio` times as many as they."""

    kind: Literal["undersample"]
    ratio: Ratio = 1.0


class Smote(Spec):
    """As oversample, with new rows between a row and one of its nearest `neighbours` of the same class."""

    kind: Literal["smote"]
    ratio: Ratio = 1.0
    neighbours: Neighbours = 5


class SmoteTomek(Spec):
    """As smote; then pairs of nearest rows with different classes are taken out."""

    kind: Literal["smote_tomek"]
    ratio: Ratio = 1.0
    neighbours: Neighbours = 5


def _one_remedy(value: Any) -> Any:
    """A mapping of one kind; several kinds at once would count the rare classes twice."""
    kinds = ("none", "class_weight", "oversample", "undersample", "smote", "smote_tomek")
    value = {"kind": value} if isinstance(value, str) else value
    named = [value.get("kind"), *value] if isinstance(value, Mapping) else value if isinstance(value, list) else []
    both = [kind for kind in kinds if kind in named]
    if len(both) > 1:
        raise ValueError(f"{' and '.join(both)} at once would balance twice; choose one")
    return value


BalanceSpec = Annotated[
    NoBalance | ClassWeight | Oversample | Undersample | Smote | SmoteTomek,
    Field(discriminator="kind"),
    BeforeValidator(_one_remedy),
]

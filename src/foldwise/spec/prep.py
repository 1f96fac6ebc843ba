"""How columns become numbers. Preparation is fitted on training rows only."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from foldwise.spec.base import ByKind, Spec
from foldwise.spec.data import FeatureKind

ScaleKind = Literal[
    "standard", "minmax", "max", "unit", "robust", "robust_clip", "quantile", "quantile_uniform", "yeo_johnson", "none"
]


class Impute(Spec):
    """The replacement of missing numbers. A missing category is a level of its own, except with `most_frequent`."""

    kind: Literal["median", "mean", "most_frequent", "constant"] = "median"
    value: float = 0.0  # only for `constant`
    indicator: bool = False  # adds a column that marks where a number was missing


class OneHot(Spec):
    """Levels become columns. Rare levels share one column; a level that was not in the training rows is all zeros."""

    min_share: Annotated[float, Field(ge=0, lt=1)] = 0.0  # levels rarer than this share of the rows get one column together
    max_levels: Annotated[int, Field(ge=2)] = 50  # columns of one column at most; the rarest levels share the last one
    drop_first: bool = False  # leaves out the column of the first level


class NoText(Spec):
    """Text columns are dropped."""

    kind: Literal["none"] = "none"


class HashText(Spec):
    """Words of a text column are counted in `width` columns, by a hash that is the same on all machines."""

    kind: Literal["hash"] = "hash"
    width: Annotated[int, Field(ge=2, le=65536)] = 64


TextSpec = Annotated[NoText | HashText, Field(discriminator="kind"), ByKind]


class NoSelect(Spec):
    """All features are kept."""

    kind: Literal["none"] = "none"


class VarianceSelect(Spec):
    """Keep features whose variance after preparation is above a threshold."""

    kind: Literal["variance"] = "variance"
    threshold: Annotated[float, Field(ge=0)] = 0.0


class KBestSelect(Spec):
    """Keep the `k` features that best predict the target, each taken alone, or all if there are fewer."""

    kind: Literal["k_best"] = "k_best"
    k: Annotated[int, Field(ge=1)] = 10
    by: Literal["anova", "mutual_info"] = "anova"


class L1Select(Spec):
    """Keep features with a nonzero weight in a lasso on the target (for classes: on 0 and 1).

    strength: the penalty, as a share of the smallest one at which all weights are zero.
    """

    kind: Literal["l1"] = "l1"
    strength: Annotated[float, Field(gt=0, lt=1)] = 0.05


SelectSpec = Annotated[NoSelect | VarianceSelect | KBestSelect | L1Select, Field(discriminator="kind"), ByKind]


class PrepSpec(Spec):
    """The preparation of a fold, fitted on its training rows only."""

    impute: Annotated[Impute, ByKind] = Impute()
    scale: ScaleKind = "standard"
    one_hot: OneHot = OneHot()
    dates: Literal["none", "parts", "cyclic"] = "none"
    text: TextSpec = NoText()
    select: SelectSpec = NoSelect()
    target: Literal["standard", "log", "none"] = "standard"  # for regression only
    clamp_target: bool = False  # for regression only: answers stay within the range of the training targets

    @property
    def kinds(self) -> frozenset[FeatureKind]:
        """The kinds of columns that become features."""
        used: list[FeatureKind] = ["number", "category"]
        used += ["date"] if self.dates != "none" else []
        used += ["text"] if self.text.kind != "none" else []
        return frozenset(used)

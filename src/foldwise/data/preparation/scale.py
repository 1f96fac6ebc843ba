"""Scaling of numbers: `(curve(x) - center) / scale`; most kinds have no curve."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from foldwise.data.cells import LARGEST
from foldwise.spec.prep import ScaleKind

Floats = npt.NDArray[np.float64]

MOST_QUANTILES = 1000
CLIP = 3.0  # the ends of `robust_clip`
MOST_FACTOR = 1e300  # of a column whose quartiles are next to equal


@dataclass(frozen=True)
class Power:
    """The Yeo-Johnson transformation: with exponent p it is ((1 + x)^p - 1) / p for x >= 0, its mirror with 2 - p below.

    Source: Yeo and Johnson 2000, A new family of power transformations to improve normality or symmetry.
    """

    exponent: float

    def __call__(self, x: Floats) -> Floats:
        """Transformed values (rows,), all finite."""
        exponent = np.where(x >= 0, self.exponent, 2.0 - self.exponent)
        size = np.log1p(np.abs(x))
        flat = exponent == 0.0
        with np.errstate(over="ignore"):  # clipped below
            bent = np.where(flat, size, np.expm1(exponent * size) / np.where(flat, 1.0, exponent))
        return np.asarray(np.clip(np.sign(x) * bent, -LARGEST, LARGEST))


@dataclass(frozen=True)
class Ranks:
    """The share of training rows below a value, between 0 and 1, or the normal quantile of that share.

    Equal values share their middle rank, and no share is nearer to 0 or 1 than half a quantile: so neither a column of mostly
    zeros nor an outlier ends up far from the other values.
    """

    quantiles: tuple[float, ...]
    normal: bool

    def __call__(self, x: Floats) -> Floats:
        """Values (rows,) as their ranks."""
        known, shares = self._known
        share = (np.interp(x, known, shares) - np.interp(-x, -known[::-1], -shares[::-1])) / 2.0
        end = 0.5 / len(known)
        share = np.clip(share, end, 1.0 - end)
        if not self.normal:
            return share
        from scipy.special import ndtri

        return np.asarray(ndtri(share))

    @cached_property
    def _known(self) -> tuple[Floats, Floats]:
        return np.array(self.quantiles), np.linspace(0.0, 1.0, len(self.quantiles))


@dataclass(frozen=True)
class SmoothClip:
    """A robust scaling that keeps every value between -3 and 3: z / sqrt(1 + (z / 3)^2) of z = factor * (x - median).

    Values near the median stay nearly as they are, and far ones come ever nearer to an end. With factor 0 all become 0.

    Source: Holzmueller, Grinsztajn and Steinwart 2024, Better by default: strong pre-tuned MLPs and boosted trees on tabular
    data (arXiv 2407.04491).
    """

    median: float
    factor: float

    def __call__(self, x: Floats) -> Floats:
        """Scaled values (rows,), all finite."""
        with np.errstate(over="ignore"):  # clipped here
            z = np.clip((x - self.median) * self.factor, -LARGEST, LARGEST)
        return np.asarray(z / np.hypot(1.0, z / CLIP))


Curve = Power | Ranks | SmoothClip


class Scale(NamedTuple):
    """A fitted scaling: a curve or None, a center and a scale for each column."""

    curves: tuple[Curve | None, ...]
    center: Floats
    scale: Floats


def fit_scale(values: Floats, kind: ScaleKind) -> Scale:
    """Fit a scaling to numbers (rows, columns) without gaps. A constant column has scale 1."""
    from sklearn import preprocessing as sklearn

    none, ones = np.zeros(values.shape[1]), np.ones(values.shape[1])
    straight: tuple[Curve | None, ...] = (None,) * values.shape[1]
    match kind:
        case "none":
            return Scale(straight, none, ones)
        case "unit":  # of pixels, from 0 to 255
            return Scale(straight, none, ones * 255)
        case "max":  # x / max|x|
            return Scale(straight, none, sklearn.MaxAbsScaler().fit(values).scale_)
        case "minmax":
            minmax = sklearn.MinMaxScaler().fit(values)
            return Scale(straight, minmax.data_min_, 1.0 / minmax.scale_)
        case "standard":
            standard = sklearn.StandardScaler().fit(values)
            return Scale(straight, standard.mean_, standard.scale_)
        case "robust":
            return Scale(straight, *_robust(values))
        case "robust_clip":
            return Scale(tuple(_smooth_clip(column) for column in values.T), none, ones)
        case "quantile" | "quantile_uniform":
            count = min(MOST_QUANTILES, len(values))
            found = sklearn.QuantileTransformer(n_quantiles=count, subsample=None).fit(values).quantiles_
            return Scale(tuple(Ranks(tuple(column.tolist()), kind == "quantile") for column in found.T), none, ones)
        case "yeo_johnson":
            powers = [Power(float(p)) for p in sklearn.PowerTransformer(standardize=False).fit(values).lambdas_]
            bent = np.column_stack([power(column) for power, column in zip(powers, values.T, strict=True)])
            return Scale(tuple(powers), *fit_scale(bent, "standard")[1:])


def bend(values: Floats, curves: tuple[Curve | None, ...]) -> Floats:
    """Numbers (rows, columns), each column transformed by its curve."""
    if not any(curves):
        return values
    return np.column_stack([column if curve is None else curve(column) for curve, column in zip(curves, values.T, strict=True)])


def _smooth_clip(column: Floats) -> SmoothClip:
    """One over the range of the middle half; where that is 0, two over the whole range; 0 for a constant column."""
    low, median, high = np.percentile(column, [25, 50, 75])
    width = high - low or (column.max() - column.min()) / 2.0
    return SmoothClip(float(median), min(1.0 / float(width), MOST_FACTOR) if width > 0 else 0.0)


def _robust(values: Floats) -> tuple[Floats, Floats]:
    from sklearn.preprocessing import RobustScaler, StandardScaler

    robust = RobustScaler().fit(values)
    # where half of the values are equal, the quartiles are equal too and the rest would stay unscaled
    flat = np.subtract(*np.percentile(values, [75, 25], axis=0)) == 0
    return robust.center_, np.where(flat, StandardScaler().fit(values).scale_, robust.scale_)

"""How trials race: a hopeless trial ends before all its folds have trained all epochs."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from foldwise.spec.base import ByKind, Spec


class NoRace(Spec):
    """Every trial trains all folds for all epochs."""

    kind: Literal["none"] = "none"


class _Racing(Spec):
    """The options of all races.

    startup: trials to compare with before any trial can lose. check_share: share of the losing trials, drawn at random, that
    are trained to the end, so that the error rate of the race is known.
    """

    startup: Annotated[int, Field(ge=2)] = 4
    check_share: Annotated[float, Field(ge=0, le=1)] = 0.05


class _ByEpochs(_Racing):
    """Rungs at the epochs first, first x factor, ...: a trial passes a rung if it is among the best 1 / factor there."""

    first: Annotated[int, Field(ge=1)] = 3
    factor: Annotated[int, Field(ge=2)] = 2


class _ByFolds(_Racing):
    """A trial ends after a fold when only a share `alpha` of trials as good as the best would be this far behind."""

    alpha: Annotated[float, Field(gt=0, lt=1)] = 0.2


class EpochsRace(_ByEpochs):
    """Trials race by epochs: over all folds if these train together, otherwise in the first fold."""

    kind: Literal["epochs"]


class FoldsRace(_ByFolds):
    """Trials race by folds, against the best so far."""

    kind: Literal["folds"]


class BothRace(_ByEpochs, _ByFolds):
    """Trials race by epochs and by folds."""

    kind: Literal["both"]


RaceSpec = Annotated[NoRace | EpochsRace | FoldsRace | BothRace, Field(discriminator="kind"), ByKind]

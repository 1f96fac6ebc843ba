"""How batches are varied while a network trains. Validation and holdout rows are never touched."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field

from foldwise.spec.base import ByKind, Spec

# What an image may undergo and still show the same; data.symmetries lists those that hold for a data set.
Symmetry = Literal["flip_horizontal", "flip_vertical", "rotate_small", "rotate", "shift", "zoom"]
SYMMETRIES: tuple[str, ...] = get_args(Symmetry)

Share = Annotated[float, Field(ge=0, lt=1)]
Mixup = Annotated[float, Field(ge=0, le=100)]  # alpha of Beta(alpha, alpha); 0 is off
Copies = Annotated[int, Field(ge=1, le=1000)]  # times that an epoch goes over every row, varied anew each time


class NoAugment(Spec):
    """Rows as they are."""

    kind: Literal["none"] = "none"
    copies: Literal[1] = 1


NO_AUGMENT = NoAugment()


class VectorAugment(Spec):
    """Rows of a table, prepared and then varied.

    jitter: standard deviation of Gaussian noise, as a share of each feature's own over the fold's training rows; features of
        two values (one-hot columns) get none. feature_dropout: the share of features that take their mean instead.
    mixup: rows and targets are blended with those of another row. Source: Zhang et al. 2018, "mixup".
    """

    kind: Literal["vectors"]
    jitter: Annotated[float, Field(ge=0)] = 0.1
    feature_dropout: Share = 0.0
    mixup: Mixup = 0.0
    copies: Copies = 1


class ImageAugment(Spec):
    """Images, varied as they were read and then scaled; each number is the largest that is drawn, and 0 is off.

    rotation: degrees. shift, zoom: shares of the side. contrast, brightness, noise (a standard deviation): shares of the range
    of a pixel. cutout: share of the area that one rectangle hides. rand_augment: strength of two random operations, from 0 to
    1. mixup: as in vectors.
    """

    kind: Literal["images"]
    flip: Literal["none", "horizontal", "vertical", "both"] = "none"
    rotation: Annotated[float, Field(ge=0, le=180)] = 0.0
    shift: Share = 0.0
    zoom: Share = 0.0
    contrast: Share = 0.0
    brightness: Share = 0.0
    noise: Share = 0.0
    cutout: Share = 0.0
    rand_augment: Annotated[float, Field(ge=0, le=1)] = 0.0
    mixup: Mixup = 0.0
    copies: Copies = 1


AugmentSpec = Annotated[NoAugment | VectorAugment | ImageAugment, Field(discriminator="kind"), ByKind]

"""Random variation of training batches. Validation and holdout rows are never changed."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field

from foldwise.spec.base import ByKind, Spec

# A change that keeps the meaning of an image; data.symmetries lists those that hold for a data set.
Symmetry = Literal["flip_horizontal", "flip_vertical", "rotate_small", "rotate", "shift", "zoom"]
SYMMETRIES: tuple[str, ...] = get_args(Symmetry)

Share = Annotated[float, Field(ge=0, lt=1)]
Mixup = Annotated[float, Field(ge=0, le=100)]  # alpha of Beta(alpha, alpha); 0 turns mixup off
Copies = Annotated[int, Field(ge=1, le=1000)]  # passes over every row in an epoch, varied anew in each


class NoAugment(Spec):
    """No variation."""

    kind: Literal["none"] = "none"
    copies: Literal[1] = 1


NO_AUGMENT = NoAugment()


class VectorAugment(Spec):
    """Random changes of table rows, after preparation.

    jitter: standard deviation of Gaussian noise, as a share of each feature's own over the fold's training rows; features with
        two values (one-hot columns) get none. feature_dropout: share of features that are replaced by their mean.
    mixup: blends rows and targets with those of another row. Source: Zhang et al. 2018, "mixup".
    """

    kind: Literal["vectors"]
    jitter: Annotated[float, Field(ge=0)] = 0.1
    feature_dropout: Share = 0.0
    mixup: Mixup = 0.0
    copies: Copies = 1


class ImageAugment(Spec):
    """Random changes of images, before scaling. Each number is the largest value drawn, and 0 turns its change off.

    rotation: degrees. shift, zoom: shares of the side. contrast, brightness, noise (a standard deviation): shares of the pixel
    range. cutout: share of the area that one rectangle hides. rand_augment: strength of two random operations, from 0 to 1.
    mixup: as for vectors.
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

"""Which augmentation suits which data. Judged before anything is trained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from foldwise.errors import ConfigError
from foldwise.spec.augment import AugmentSpec, ImageAugment, NoAugment

SMALL_ROTATION = 30  # degrees; a 6 that is turned further becomes a 9
# these targets are -1 and 1, and a blend of two is neither
NOT_TO_BE_BLENDED = ("hinge", "squared_hinge")


def check_augment(augment: AugmentSpec, shows_images: bool, symmetries: Sequence[str] | None, loss: str) -> None:
    """Whether rows can be varied so and still mean the same.

    Args:
        augment: what is asked.
        shows_images: whether rows are images, as they were read.
        symmetries: data.symmetries; None where nothing is said, and then everything is allowed.
        loss: fit.loss.

    Raises:
        ConfigError: at augment, augment.<what breaks a symmetry> or augment.mixup.
    """
    if isinstance(augment, NoAugment):
        return
    if isinstance(augment, ImageAugment) != shows_images:
        wanted, found = ("images", "rows of a table") if isinstance(augment, ImageAugment) else ("rows of a table", "images")
        other = "vectors" if isinstance(augment, ImageAugment) else "images"
        raise ConfigError("augment", f"{augment.kind} varies {wanted}, and the data are {found}; take augment={other}")
    if augment.mixup > 0 and loss in NOT_TO_BE_BLENDED:
        raise ConfigError("augment.mixup", f"blends targets, and fit.loss={loss} knows two only; set augment.mixup=0")
    if symmetries is None or not isinstance(augment, ImageAugment):
        return
    for key, needed in _needed(augment):
        if needed not in symmetries:
            said = ", ".join(symmetries) or "none"
            raise ConfigError(f"augment.{key}", f"needs the symmetry {needed}, and data.symmetries of these images is {said}")


def _needed(augment: ImageAugment) -> Iterator[tuple[str, str]]:
    """Each key that moves pixels, with the symmetry that it needs."""
    if augment.flip in ("horizontal", "both"):
        yield "flip", "flip_horizontal"
    if augment.flip in ("vertical", "both"):
        yield "flip", "flip_vertical"
    if augment.rotation > 0:
        yield "rotation", "rotate_small" if augment.rotation <= SMALL_ROTATION else "rotate"
    if augment.shift > 0:
        yield "shift", "shift"
    if augment.zoom > 0:
        yield "zoom", "zoom"
    if augment.rand_augment > 0:  # some of its operations rotate and translate
        yield "rand_augment", "rotate_small"
        yield "rand_augment", "shift"

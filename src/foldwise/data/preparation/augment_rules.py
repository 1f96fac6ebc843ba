"""Checks that an augmentation fits the data, before anything is trained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from foldwise.errors import ConfigError
from foldwise.spec.augment import AugmentSpec, ImageAugment, NoAugment

SMALL_ROTATION = 30  # degrees; turned further, a 6 becomes a 9
# losses with targets -1 and 1; a blend of two is neither
UNBLENDABLE = ("hinge", "squared_hinge")


def check_augment(
    augment: AugmentSpec, shows_images: bool, symmetries: Sequence[str] | None, loss: str, moves: bool = False
) -> None:
    """Refuse an augmentation that would change the meaning of rows.

    Args:
        augment: the augmentation.
        shows_images: whether rows are images.
        symmetries: data.symmetries; None allows everything.
        loss: fit.loss.
        moves: whether targets are masks or boxes, which move with their pictures.

    Raises:
        ConfigError: at augment, augment.mixup, or the key of augment that needs a symmetry.
    """
    if isinstance(augment, NoAugment):
        return
    if isinstance(augment, ImageAugment) != shows_images:
        wanted, found = ("images", "rows of a table") if isinstance(augment, ImageAugment) else ("rows of a table", "images")
        other = "vectors" if isinstance(augment, ImageAugment) else "images"
        raise ConfigError("augment", f"{augment.kind} varies {wanted}, and the data are {found}; use augment={other}")
    if augment.mixup > 0 and loss in UNBLENDABLE:
        raise ConfigError("augment.mixup", f"blends targets, and fit.loss={loss} takes only two values; set augment.mixup=0")
    if moves and isinstance(augment, ImageAugment):
        for key in ("mixup", "rand_augment", "cutout"):
            if getattr(augment, key) > 0:
                raise ConfigError(f"augment.{key}", f"does not move masks or boxes with their pictures; set augment.{key}=0")
    if symmetries is None or not isinstance(augment, ImageAugment):
        return
    for key, needed in _needed(augment):
        if needed not in symmetries:
            found = ", ".join(symmetries) or "none"
            rule = f"needs the symmetry {needed}, and data.symmetries of these images is {found}"
            raise ConfigError(f"augment.{key}", f"{rule}; turn it off, or add the symmetry")


def _needed(augment: ImageAugment) -> Iterator[tuple[str, str]]:
    """Each key that moves pixels and the symmetry that it needs."""
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

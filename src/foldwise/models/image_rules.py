"""Check that rows are images that a convolutional network can take. Nothing here imports Keras."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from foldwise.errors import ConfigError
from foldwise.spec.model import CnnSpec, ModelSpec


def as_shown(model: ModelSpec, image: tuple[int, int, int] | None) -> ModelSpec:
    """The model with `model.image` set to the size of the data's images, if they are images.

    Args:
        model: only a `cnn` changes.
        image: height, width and channels of the data's images; None for a table.

    Raises:
        ConfigError: at model.image, if it is set to another size.
    """
    if not isinstance(model, CnnSpec) or image is None:
        return model
    if model.image not in (None, image):
        given, actual = (" x ".join(map(str, size)) for size in (model.image or (), image))
        raise ConfigError("model.image", f"is {given}, but the images are {actual}; set model.image=null to use their size")
    return model.model_copy(update={"image": image})


def check_image(model: ModelSpec, numbers: int, others: Sequence[str] = (), selecting: bool = False) -> None:
    """Refuse rows that do not make an image of the size of a `cnn`, and blocks that leave no pixel of it.

    Args:
        model: other kinds than `cnn` take any row.
        numbers: how many numbers a row has.
        others: the names of its columns that are not numbers.
        selecting: whether prep.select can drop features.

    Raises:
        ConfigError: at model.image, model.blocks or prep.select.
    """
    if not isinstance(model, CnnSpec):
        return
    if model.image is None:
        rule = f"a table has no image size; set model.image=[height,width,channels] for {numbers} numbers a row"
        raise ConfigError("model.image", rule)
    if others:
        proposal = f"leave it out by data.drop=['{others[0]}'], or set data.kinds.{others[0]}=number if it is one"
        raise ConfigError("model.image", f"column {others[0]} is not a number, so it cannot be a pixel; {proposal}")
    if selecting:
        raise ConfigError("prep.select", "an image keeps all its pixels; set prep.select=none for model=cnn")
    size = " x ".join(map(str, model.image))
    if prod(model.image) != numbers:
        raise ConfigError("model.image", f"{size} is an image of {prod(model.image)} numbers, and a row has {numbers}")
    _check_blocks(model, model.image[0], model.image[1])


def _check_blocks(model: CnnSpec, height: int, width: int) -> None:
    lost = model.per_block * (model.kernel - 1) if model.padding == "valid" else 0
    step = 1 if model.pool == "none" else 2
    side = min(height, width)
    for block in range(1, model.blocks + 1):
        side = (side - lost) // step
        if side < 1:
            rule = f"block {block} of {model.blocks} leaves no pixel of an image of {height} x {width}"
            proposal = "use fewer blocks, a smaller kernel, model.padding=same or model.pool=none"
            raise ConfigError("model.blocks", f"{rule}; {proposal}")

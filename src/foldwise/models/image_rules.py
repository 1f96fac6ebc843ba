"""Check that rows are images that a convolutional network can take. Nothing here imports Keras."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from foldwise.errors import ConfigError
from foldwise.spec.backbone import BackboneSpec
from foldwise.spec.centre import CentreSpec
from foldwise.spec.layers import LayersSpec
from foldwise.spec.model import CnnSpec, ModelSpec
from foldwise.spec.resnet import ResnetSpec
from foldwise.spec.unet import UnetSpec

# The networks that make an image of a row, whatever their options.
IMAGE_NETWORKS = (CnnSpec, ResnetSpec, BackboneSpec, UnetSpec, CentreSpec)
LEAST_SIDE = 32  # of an image for a backbone of keras.applications


def as_shown(model: ModelSpec, image: tuple[int, int, int] | None) -> ModelSpec:
    """The model with `model.image` set to the size of the data's images, if they are images.

    Args:
        model: only networks of images change, and a list of layers that begins with layers of images.
        image: height, width and channels of the data's images; None for a table.

    Raises:
        ConfigError: at model.image, if it is set to another size.
    """
    taker = _of_images(model)
    if taker is None or image is None:
        return model
    if taker.image not in (None, image):
        given, actual = (" x ".join(map(str, size)) for size in (taker.image or (), image))
        raise ConfigError("model.image", f"is {given}, but the images are {actual}; set model.image=null to use their size")
    return taker.model_copy(update={"image": image})


def check_image(model: ModelSpec, numbers: int, others: Sequence[str] = (), selecting: bool = False) -> None:
    """Refuse rows that do not make an image of the network's size, and blocks or stages that leave no pixel of it.

    Args:
        model: other kinds than networks of images, and layers that do not begin with layers of images, take any row.
        numbers: how many numbers a row has.
        others: the names of its columns that are not numbers.
        selecting: whether prep.select can drop features.

    Raises:
        ConfigError: at model.image, model.blocks, model.stages, model.depth or prep.select.
    """
    taker = _of_images(model)
    if taker is None:
        return
    if taker.image is None:
        rule = f"a table has no image size; set model.image=[height,width,channels] for {numbers} numbers a row"
        raise ConfigError("model.image", rule)
    if others:
        proposal = f"leave it out by data.drop=['{others[0]}'], or set data.kinds.{others[0]}=number if it is one"
        raise ConfigError("model.image", f"column {others[0]} is not a number, so it cannot be a pixel; {proposal}")
    if selecting:
        raise ConfigError("prep.select", f"an image keeps all its pixels; set prep.select=none for model={taker.kind}")
    size = " x ".join(map(str, taker.image))
    if prod(taker.image) != numbers:
        raise ConfigError("model.image", f"{size} is an image of {prod(taker.image)} numbers, and a row has {numbers}")
    if isinstance(taker, CnnSpec):
        _check_blocks(taker, taker.image[0], taker.image[1])
    elif isinstance(taker, BackboneSpec):
        _check_backbone(taker, taker.image)
    elif isinstance(taker, ResnetSpec):
        _check_stages(taker, taker.image[0], taker.image[1])
    elif isinstance(taker, UnetSpec | CentreSpec):
        _check_depth(taker, taker.image[0], taker.image[1])


def _of_images(model: ModelSpec) -> CnnSpec | ResnetSpec | BackboneSpec | UnetSpec | CentreSpec | LayersSpec | None:
    """The model, if it makes an image of a row by itself."""
    if isinstance(model, LayersSpec):
        return model if model.image_starts else None
    return model if isinstance(model, IMAGE_NETWORKS) else None


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


def _check_depth(model: UnetSpec | CentreSpec, height: int, width: int) -> None:
    most = min(height, width).bit_length() - 1
    if model.depth > most:
        rule = f"an image of {height} x {width} cannot be halved {model.depth} times"
        raise ConfigError("model.depth", f"{rule}; use at most {most}" if most else f"{rule}; give larger images")


def _check_stages(model: ResnetSpec, height: int, width: int) -> None:
    if min(height, width) >> model.halvings < 1:
        rule = f"{model.stages} stages halve an image of {height} x {width} {model.halvings} times and leave no pixel"
        raise ConfigError(
            "model.stages", f"{rule}; use fewer stages" + (" or model.first_halvings=0" * (model.first_halvings > 0))
        )


def _check_backbone(model: BackboneSpec, image: tuple[int, int, int]) -> None:
    height, width, channels = image
    if channels != 3:
        rule = f"{model.architecture} takes 3 colours, and the images have {channels}"
        raise ConfigError("model.architecture", f"{rule}; set data.channels=3 for pictures in a folder, or use model=resnet")
    if min(height, width) < LEAST_SIDE:
        rule = f"{model.architecture} takes images of at least {LEAST_SIDE} x {LEAST_SIDE}, and these are {height} x {width}"
        raise ConfigError("model.architecture", f"{rule}; set data.size for pictures in a folder, or use model=resnet")

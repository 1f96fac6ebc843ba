"""Two folders of pictures: photographs in one, and in the other PNG masks with the same names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.data.sources.image_array import ImageSource, shown_shape
from foldwise.data.sources.picture_groups import picture_groups
from foldwise.data.sources.pictures import (
    find_pictures,
    open_picture,
    read_pictures,
    shown_broken,
    unfit,
    upright_size,
    why,
)
from foldwise.errors import DataError
from foldwise.spec.images import FolderData

ONE_VALUE = ("1", "L", "P", "I;16", "I")  # modes of Pillow with one number a pixel: black and white, grey, palette
COLOURS = ("RGB", "RGBA", "LA")


def read_masked(data: FolderData, folder: Path, masks: Path) -> ImageSource:
    """The pictures of a folder, resized to one size, and the mask of each.

    A mask is resized to its picture's new size by the nearest pixel, so no class appears that was not there.

    Raises:
        DataError: there are no pictures; or too many are broken; or a mask is missing, has another size than its picture, or is
            no mask, with its path.
    """
    files = find_pictures(folder)
    if not files:
        raise DataError(f"{folder} holds no PNG or JPEG files; name the folder of the pictures as data.path")
    beside = [_mask_of(path, folder, masks) for path in files]
    _each_its_own(files, beside)
    decoded = read_pictures(files, data.size, data.channels, data.broken)
    kept = [(files[place], beside[place]) for place in decoded.kept]
    notes = []
    if decoded.broken:
        which = shown_broken(decoded.broken, files)
        notes.append(f"{len(decoded.broken)} of {len(files)} pictures are left out: number {which}")
    others = len(find_pictures(masks)) - len(set(beside))
    if others > 0:
        notes.append(f"{others} masks in {masks} have no picture and are left out")
    read = _read_masks(kept, decoded.images.shape[1:3])
    return ImageSource(
        decoded.images,
        None,
        decoded.kept,
        str(folder),
        tuple(notes),
        masks=read,
        classes=data.classes,
        groups=picture_groups([picture for picture, _ in kept], folder, data.group),
        mask_files=tuple(str(path) for _, path in kept),
    )


def _mask_of(picture: Path, folder: Path, masks: Path) -> Path:
    """The mask with the name of a picture."""
    path = masks / picture.relative_to(folder).with_suffix(".png")
    if not path.is_file():
        raise DataError(f"{picture} has no mask: {path} is missing; add it, or remove the picture")
    if not path.resolve().is_relative_to(masks.resolve()):
        raise DataError(f"{path} is a link that leads out of {masks}; put the mask itself there")
    return path


def _each_its_own(pictures: Sequence[Path], masks: Sequence[Path]) -> None:
    """Refuse a mask that is its own picture, or that two pictures have: then masks and pictures are in one folder."""
    of = dict[Path, Path]()
    for picture, mask in zip(pictures, masks, strict=True):
        if mask.resolve() == picture.resolve():
            raise DataError(
                f"{picture} would be its own mask; put masks and pictures into two folders, and name that of data.masks"
            )
        if mask in of:
            rule = f"{of[mask]} and {picture} would have one mask, {mask}"
            raise DataError(f"{rule}; give each picture a name of its own, and keep masks in another folder")
        of[mask] = picture


def _read_masks(pairs: Sequence[tuple[Path, Path]], size: tuple[int, ...]) -> npt.NDArray[Any]:
    """The masks of pictures, (rows, height, width): uint8, or int32 if one has larger values."""
    read = np.empty((len(pairs), *size), dtype=np.uint8)
    for row, (picture, path) in enumerate(pairs):
        mask = _read_mask(path, upright_size(picture), (size[0], size[1]))
        if read.dtype == np.uint8 and mask.size and mask.max() > np.iinfo(np.uint8).max:
            read = read.astype(np.int32)
        read[row] = mask
    return read


def _read_mask(path: Path, picture: tuple[int, int], size: tuple[int, int]) -> npt.NDArray[Any]:
    """One mask as whole numbers, (height, width).

    picture: height and width of its picture. size: the height and width that the picture was resized to.
    """
    from PIL import Image, ImageOps

    try:
        with open_picture(path) as file:
            if fault := unfit(file):
                raise DataError(f"the mask {path} {fault}; save it as one picture")
            opened = ImageOps.exif_transpose(file)  # as its picture is
            mode, found = opened.mode, (opened.height, opened.width)
            if mode in COLOURS:
                rule = f"{path} is in colour (mode {mode}), and a mask has one value for each pixel, the code of its class"
                raise DataError(f"{rule}; save it as grey or with a palette")
            if mode not in ONE_VALUE:
                raise DataError(f"{path} has the mode {mode}; save the mask as grey or with a palette")
            if found != picture:
                rule = f"{path} is {shown_shape(found)} pixels, and its picture {shown_shape(picture)}"
                raise DataError(f"{rule}; give each mask the size of its picture")
            values = np.asarray(opened)
            if found != size:
                kept = values.astype(np.uint8 if mode in ("1", "L", "P") else np.int32)
                values = np.asarray(Image.fromarray(kept).resize(size[::-1], Image.Resampling.NEAREST))
            return values.astype(np.int32) if mode.startswith("I") else values.astype(np.uint8)
    except DataError:
        raise
    except Exception as fault:  # noqa: BLE001 - decoders raise anything for a hostile file
        raise DataError(f"the mask {path} cannot be read: {why(fault)}; fix the file") from None

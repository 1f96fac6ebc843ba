"""Images for prediction, with or without labels or masks, from any kind of file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy.typing as npt

from foldwise.data.masks import check_masks
from foldwise.data.sources.idx_file import read_idx
from foldwise.data.sources.image_array import ImageSource, Pixels, image_source
from foldwise.data.sources.npz_file import read_npz, read_shapes
from foldwise.data.sources.pictures import ENDINGS, find_pictures, read_pictures
from foldwise.errors import DataError

IMAGES, LABELS, MASKS = "images", "labels", "masks"


@dataclass(frozen=True, eq=False)
class ImageChunk:
    """Some images, their labels or masks if they are known, and the paths of picture files."""

    images: Pixels
    labels: npt.NDArray[Any] | None = None
    files: tuple[str, ...] | None = None
    masks: npt.NDArray[Any] | None = None


def image_chunks(path: Path, shape: tuple[int, int, int], size: int, target: str = LABELS) -> tuple[int, Iterator[ImageChunk]]:
    """The number of images in a picture, a folder of pictures, an idx file or an archive; and the images, `size` at a time.

    Pictures are resized to the height, width and channels of `shape`, those of the training images, and only one chunk is in
    memory. An archive has an array `images`, or only one array, and optionally `target`, which is `labels` or `masks`.

    Raises:
        DataError: there are no images, or they cannot be read.
    """
    if path.is_dir() or path.suffix.lower() in ENDINGS:
        files = find_pictures(path) if path.is_dir() else [path]
        if not files:
            raise DataError(f"{path} holds no PNG or JPEG files; name a folder that does")
        if shape[2] not in (1, 3):
            raise DataError(f"pictures have 1 or 3 channels, and the model takes {shape[2]}; give a numpy archive (.npz)")
        return len(files), _pictures(files, shape, size)
    source = _archive(path, target) if path.suffix.lower() == ".npz" else image_source(read_idx(path), None, str(path))
    return len(source.images), _slices(source, size)


def _pictures(files: Sequence[Path], shape: tuple[int, int, int], size: int) -> Iterator[ImageChunk]:
    for start in range(0, len(files), size):
        some = files[start : start + size]
        images = read_pictures(some, shape[:2], shape[2], broken=None, before=start).images
        yield ImageChunk(images, None, tuple(map(str, some)))


def _slices(source: ImageSource, size: int) -> Iterator[ImageChunk]:
    for start in range(0, len(source.images), size):
        at = slice(start, start + size)
        labels, masks = (None if part is None else part[at] for part in (source.labels, source.masks))
        yield ImageChunk(source.images[at], labels, masks=masks)


def _archive(path: Path, target: str) -> ImageSource:
    names = read_shapes(path)
    name = IMAGES if IMAGES in names else next(iter(names)) if len(names) == 1 else None
    if name is None:
        raise DataError(f"{path} has no array {IMAGES!r}, but {', '.join(names)}; give the images that name")
    arrays = read_npz(path, dict.fromkeys([name, target] if target in names else [name], "input"))
    source = image_source(arrays[name], arrays.get(LABELS) if target == LABELS else None, str(path))
    if target == LABELS or target not in arrays:
        return source
    return replace(source, masks=check_masks(arrays[target], source.images, f"{path}: array {target!r}"))

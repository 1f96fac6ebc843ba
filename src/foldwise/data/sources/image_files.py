"""Images of which the labels may be unknown, from whatever file they come in: for a model to answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt

from foldwise.data.sources.idx_file import read_idx
from foldwise.data.sources.image_array import ImageSource, Pixels, image_source
from foldwise.data.sources.npz_file import read_npz, read_shapes
from foldwise.data.sources.pictures import ENDINGS, find_pictures, read_pictures
from foldwise.errors import DataError

IMAGES, LABELS = "images", "labels"


@dataclass(frozen=True, eq=False)
class ImageChunk:
    """Some images, their labels where they are known, and the pictures' paths."""

    images: Pixels
    labels: npt.NDArray[Any] | None = None
    files: tuple[str, ...] | None = None


def image_chunks(path: Path, shape: tuple[int, int, int], size: int) -> tuple[int, Iterator[ImageChunk]]:
    """How many images a picture, a folder of pictures, an idx file or an archive holds, and these, `size` at a time.

    Pictures are brought to the height, width and channels of `shape`, as those were that the model learnt from, and only
    some of them are in memory at once. An archive has an array `images`, or one only, and perhaps `labels`.

    Raises:
        DataError: there are none, or they cannot be read.
    """
    if path.is_dir() or path.suffix.lower() in ENDINGS:
        files = find_pictures(path) if path.is_dir() else [path]
        if not files:
            raise DataError(f"{path} holds no PNG or JPEG files")
        if shape[2] not in (1, 3):
            raise DataError(f"pictures have 1 or 3 channels, and the model takes {shape[2]}; give an archive of numpy (.npz)")
        return len(files), _pictures(files, shape, size)
    source = _archive(path) if path.suffix.lower() == ".npz" else image_source(read_idx(path), None, str(path))
    return len(source.images), _slices(source, size)


def _pictures(files: Sequence[Path], shape: tuple[int, int, int], size: int) -> Iterator[ImageChunk]:
    for start in range(0, len(files), size):
        some = files[start : start + size]
        yield ImageChunk(read_pictures(some, shape[:2], shape[2], before=start).images, None, tuple(map(str, some)))


def _slices(source: ImageSource, size: int) -> Iterator[ImageChunk]:
    for start in range(0, len(source.images), size):
        at = slice(start, start + size)
        yield ImageChunk(source.images[at], None if source.labels is None else source.labels[at])


def _archive(path: Path) -> ImageSource:
    names = read_shapes(path)
    name = IMAGES if IMAGES in names else next(iter(names)) if len(names) == 1 else None
    if name is None:
        raise DataError(f"{path} has no array {IMAGES!r}, but {', '.join(names)}; call that of the images so")
    labels = read_npz(path, LABELS, "input") if LABELS in names else None
    return image_source(read_npz(path, name, "input"), labels, str(path))

"""Images of which the labels may be unknown, from whatever file they come in: for a model to answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from foldwise.data.idx_file import read_idx
from foldwise.data.image_source import ImageSource, image_source
from foldwise.data.npz_file import read_npz, read_shapes
from foldwise.data.pictures import ENDINGS, find_pictures, read_pictures
from foldwise.errors import DataError

IMAGES, LABELS = "images", "labels"


def read_image_file(path: Path, shape: tuple[int, int, int]) -> tuple[ImageSource, list[str] | None]:
    """Images of a picture, a folder of pictures, an idx file or an archive, and the pictures' paths.

    Pictures are brought to the height, width and channels of `shape`, as those were that the model learnt from. An archive
    has an array `images`, or one only, and perhaps `labels`.

    Raises:
        DataError: there are none, or they cannot be read.
    """
    if path.is_dir() or path.suffix.lower() in ENDINGS:
        files = find_pictures(path) if path.is_dir() else [path]
        if not files:
            raise DataError(f"{path} holds no PNG or JPEG files")
        if shape[2] not in (1, 3):
            raise DataError(f"pictures have 1 or 3 channels, and the model takes {shape[2]}; give an archive of numpy (.npz)")
        images = read_pictures(files, shape[:2], shape[2]).images
        return ImageSource(images, None, np.arange(len(images)), str(path)), [str(file) for file in files]
    if path.suffix.lower() != ".npz":
        return image_source(read_idx(path), None, str(path)), None
    names = read_shapes(path)
    name = IMAGES if IMAGES in names else next(iter(names)) if len(names) == 1 else None
    if name is None:
        raise DataError(f"{path} has no array {IMAGES!r}, but {', '.join(names)}; call that of the images so")
    labels = read_npz(path, LABELS, "input") if LABELS in names else None
    return image_source(read_npz(path, name, "input"), labels, str(path)), None

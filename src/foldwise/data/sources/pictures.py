"""PNG and JPEG files as arrays, by Pillow. A broken file is reported by name before training starts."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.data.sources.image_array import Pixels, check_size, shown_shape
from foldwise.errors import DataError
from foldwise.system.files import open_regular

ENDINGS = (".png", ".jpg", ".jpeg")
FORMATS = ("PNG", "JPEG")
MOST_PIXELS = 50_000_000  # of one picture: a small file can claim to have billions
GREY = ("1", "L", "I;16", "I")
ORIENTATION = 0x0112  # of Exif
NAMED = 5  # broken files named in a message


@dataclass(frozen=True, eq=False)
class Decoded:
    """The readable pictures.

    images: (rows, height, width, channels). kept: (rows,), their positions among the files. broken: position -> reason.
    sizes: height and width of each before it was resized.
    """

    images: Pixels
    kept: npt.NDArray[np.int64]
    broken: dict[int, str]
    sizes: tuple[tuple[int, int], ...] = ()


def find_pictures(folder: Path) -> list[Path]:
    """The picture files below a folder, sorted by path, without hidden ones.

    Raises:
        DataError: one is a link that leads out of the folder.
    """
    whole = folder.resolve()
    found = []
    for path in sorted(folder.rglob("*")):  # it does not go into folders that are links
        picture = path.suffix.lower() in ENDINGS and not path.is_dir()
        linked = path.is_symlink() and (picture or path.is_dir())
        if not (picture or linked) or any(part.startswith(".") for part in path.relative_to(folder).parts):
            continue
        if linked and not path.resolve().is_relative_to(whole):
            raise DataError(f"{path} is a link that leads out of {folder}; put the pictures themselves there")
        if picture:
            found.append(path)
    return found


def read_pictures(
    files: Sequence[Path],
    size: tuple[int, int] | None = None,
    channels: int | None = None,
    broken: float | None = 0.0,
    before: int = 0,
) -> Decoded:
    """Files as one array.

    Args:
        files: their paths.
        size: height and width that all are resized to; None: they must have one size.
        channels: 1 or 3; None: 1 if all are grey.
        broken: the share of files that may be unreadable; None: none may be, and the user cannot allow it.
        before: the number of files read before, for numbers in messages.

    Raises:
        DataError: more files are broken, with their numbers and paths; or sizes differ; or all together are too large.
    """
    looks = [_look(path) for path in files]
    bad = {place: look for place, look in enumerate(looks) if isinstance(look, str)}
    _refuse_broken(bad, files, broken, before)
    good = [(place, look) for place, look in enumerate(looks) if not isinstance(look, str)]
    if not good:
        raise DataError("no picture could be read; check the files")
    channels = channels or (1 if all(look.grey for _, look in good) else 3)
    height, width = size or _one_size(good, files)
    check_size((len(good), height, width, channels), "the pictures", "set data.size=[height,width] to a smaller one")
    images = np.empty((len(good), height, width, channels), dtype=np.uint8)
    kept: list[int] = []
    sizes = dict[int, tuple[int, int]]()
    for place, look in good:
        picture = _decode(files[place], (height, width), channels)
        if isinstance(picture, str):
            bad[place] = picture
        else:
            images[len(kept)] = picture
            kept.append(place)
            sizes[place] = look.size
    _refuse_broken(bad, files, broken, before)
    whole = tuple(sizes[place] for place in kept)
    return Decoded(images[: len(kept)], np.array(kept, dtype=np.int64), dict(sorted(bad.items())), whole)


def shown_broken(broken: dict[int, str], files: Sequence[Path], before: int = 0) -> str:
    """The first broken files by number and path, and the number of others."""
    first = [f"{before + place + 1} ({files[place]}: {broken[place]})" for place in sorted(broken)[:NAMED]]
    more = f" and {len(broken) - NAMED} more" if len(broken) > NAMED else ""
    return ", ".join(first) + more


def _refuse_broken(broken: dict[int, str], files: Sequence[Path], share: float | None, before: int) -> None:
    if len(broken) > (share or 0.0) * len(files):
        rule = f"{len(broken)} of {len(files)} pictures cannot be read: number {shown_broken(broken, files, before)}"
        allow = "" if share is None else ", or allow a share of them with data.broken=0.01"
        raise DataError(f"{rule}; fix or remove them{allow}")


@dataclass(frozen=True)
class _Look:
    """A picture's header: height and width when upright, and whether it is grey."""

    size: tuple[int, int]
    grey: bool


def _look(path: Path) -> _Look | str:
    try:
        with open_picture(path) as picture:
            if fault := unfit(picture):
                return fault
            turned = picture.getexif().get(ORIENTATION, 1) >= 5  # by 90 degrees
            width, height = picture.size[::-1] if turned else picture.size
            return _Look((height, width), picture.mode in GREY)
    except Exception as fault:  # noqa: BLE001 - decoders raise anything for a hostile file
        return why(fault)


def unfit(picture: Any) -> str | None:
    """Why a picture is not taken, by its header: too many pixels, or more than one frame."""
    if picture.width * picture.height > MOST_PIXELS:
        return f"has {picture.height} x {picture.width} pixels, more than {MOST_PIXELS:,}"
    return "is animated" if getattr(picture, "n_frames", 1) > 1 else None


def _decode(path: Path, size: tuple[int, int], channels: int) -> npt.NDArray[np.uint8] | str:
    from PIL import Image, ImageOps

    try:
        with open_picture(path) as opened:
            picture = ImageOps.exif_transpose(opened)
            if picture.mode.startswith("I"):  # 16 bits a pixel: keep the upper eight
                picture = Image.fromarray((np.asarray(picture).astype(np.uint32) >> 8).clip(0, 255).astype(np.uint8))
            picture = picture.convert("L" if channels == 1 else "RGB")
            if picture.size != size[::-1]:
                picture = picture.resize(size[::-1], Image.Resampling.BILINEAR)
            return np.asarray(picture, dtype=np.uint8).reshape(*size, channels)
    except Exception as fault:  # noqa: BLE001 - as above
        return why(fault)


def upright_size(path: Path) -> tuple[int, int]:
    """Height and width of a readable picture when upright."""
    look = _look(path)
    assert isinstance(look, _Look)
    return look.size


@contextmanager
def open_picture(path: Path) -> Iterator[Any]:
    """A PNG or JPEG opened by Pillow, which raises anything for a hostile file."""
    from PIL import Image

    with open_regular(path) as file:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(file, formats=FORMATS)
        with picture:
            yield picture


def _one_size(good: Sequence[tuple[int, _Look]], files: Sequence[Path]) -> tuple[int, int]:
    first, look = good[0]
    for place, other in good:
        if other.size != look.size:
            rule = f"{files[first]} is {shown_shape(look.size)} pixels and {files[place]} {shown_shape(other.size)}"
            raise DataError(f"{rule}; set data.size=[height,width] to resize all")
    return look.size


def why(fault: Exception) -> str:
    """Why a picture cannot be read."""
    from PIL import Image, UnidentifiedImageError

    if isinstance(fault, UnidentifiedImageError):
        return "is not a PNG or JPEG"
    if isinstance(fault, (Image.DecompressionBombError, Image.DecompressionBombWarning)):
        return f"has more than {MOST_PIXELS:,} pixels"
    text = fault.strerror if isinstance(fault, OSError) and fault.strerror else str(fault)
    return (text.strip().splitlines() or [type(fault).__name__])[0]

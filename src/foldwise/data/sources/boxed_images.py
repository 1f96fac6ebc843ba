"""Images with boxes: an archive and a file in the order of its images, or a folder of pictures and a file that names them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePath, PurePosixPath

import numpy as np

from foldwise.data.sources.box_file import Boxed, BoxedPicture, read_boxes
from foldwise.data.sources.image_array import ImageSource, image_source
from foldwise.data.sources.npz_file import read_npz
from foldwise.data.sources.picture_groups import picture_groups
from foldwise.data.sources.pictures import find_pictures, read_pictures, shown_broken
from foldwise.errors import DataError
from foldwise.spec.images import FolderData
from foldwise.system.known_words import did_you_mean


def read_boxed_archive(path: Path, images: str, boxes: Path, key: str) -> ImageSource:
    """The images of a numpy archive, and the boxes of a JSON file that lists them in the same order.

    Args:
        path: the archive.
        images: the name of its array.
        boxes: the file.
        key: of the options, for messages: `data` or `data.holdout`.

    Raises:
        DataError: there are not as many pictures in the file as in the archive, or one of them cannot be read.
    """
    if boxes.is_dir() or boxes.suffix.lower() == ".csv":
        rule = f"{key}.boxes: {boxes} names pictures, and those of {path} have no names"
        raise DataError(f"{rule}; give a JSON file with the images in the order of the archive")
    listed = read_boxes(boxes)
    source = image_source(read_npz(path, {images: f"{key}.images"})[images], None, str(path))
    if len(listed) != len(source.images):
        rule = f"{key}.boxes: {boxes} lists {len(listed)} images, and {path} has {len(source.images)}"
        raise DataError(f"{rule}; list each of them once, in the order of the archive, with empty boxes where nothing is there")
    own = (source.images.shape[1], source.images.shape[2])
    titles = tuple(f"image {number} of {path}" for number in range(1, len(listed) + 1))
    # the simple JSON has the size of another picture where images were shrunk, and its boxes are in pixels of the array
    return replace(source, boxed=Boxed(listed, (own,) * len(listed), titles, str(boxes)))


def read_boxed_folder(data: FolderData, folder: Path, boxes: Path) -> ImageSource:
    """The pictures below a folder, resized as `data.size` says, and their boxes. A picture that the file leaves out has none.

    Raises:
        DataError: the folder holds no pictures, too many are broken, or the file has boxes of a picture that is not there.
    """
    files = find_pictures(folder)
    if not files:
        raise DataError(f"{folder} holds no PNG or JPEG files; name a folder that does")
    each = _by_file(read_boxes(boxes), files, folder, boxes)
    decoded = read_pictures(files, data.size, data.channels, data.broken)
    notes: tuple[str, ...] = ()
    if decoded.broken:
        text = f"{len(decoded.broken)} of {len(files)} pictures are left out: number {shown_broken(decoded.broken, files)}"
        notes = (text,)
    kept = [int(place) for place in decoded.kept]
    boxed = Boxed(tuple(each[place] for place in kept), decoded.sizes, tuple(str(files[place]) for place in kept), str(boxes))
    groups = picture_groups([files[place] for place in kept], folder, data.group)
    return ImageSource(decoded.images, None, np.asarray(decoded.kept), str(folder), notes, groups=groups, boxed=boxed)


def _may_be(name: str, path: PurePath) -> bool:
    """Whether a name with folders can mean a picture: one of both paths is the end of the other, without the last ending."""
    named, own = PurePosixPath(name).with_suffix("").parts, PurePosixPath(path.as_posix()).with_suffix("").parts
    shared = min(len(named), len(own))
    return named[-shared:] == own[-shared:] or PurePosixPath(name).parts[-shared:] == path.parts[-shared:]


def _by_file(listed: Sequence[BoxedPicture], files: Sequence[Path], folder: Path, boxes: Path) -> list[BoxedPicture]:
    """The entry of each picture file: by its path below the folder, else by its name, else by its name without an ending."""
    known: dict[str, list[int]] = {}
    for place, file in enumerate(files):
        for name in {file.relative_to(folder).as_posix(), file.name, file.stem}:
            known.setdefault(name, []).append(place)
    found: dict[int, BoxedPicture] = {}
    for number, one in enumerate(listed, 1):
        name = one.name.replace("\\", "/").removeprefix("./")
        places = known.get(name) or [
            place for place in known.get(name.rpartition("/")[2], []) if _may_be(name, files[place].relative_to(folder))
        ]
        where = one.boxes[0].where if one.boxes else f"{boxes}, picture {number}"
        if not places:
            near = did_you_mean(name, [file.name for file in files])
            raise DataError(f"{where}: picture {one.name!r} is not in {folder}{near or '; add it, or drop its boxes'}")
        if len(places) > 1:
            rule = f"{where}: picture {one.name!r} can be {files[places[0]]} or {files[places[1]]}"
            raise DataError(f"{rule}; name it by its path below {folder}")
        if places[0] in found:
            raise DataError(f"{where}: picture {one.name!r} is listed twice; join its boxes")
        found[places[0]] = one
    return [found.get(place, BoxedPicture(file.name, None, ())) for place, file in enumerate(files)]

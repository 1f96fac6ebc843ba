"""A folder of pictures with labels: a folder for each class, or a CSV file of names and labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from foldwise.data.formula_text import QUOTE, is_formula
from foldwise.data.sources.image_array import ONE_LABEL, ImageSource
from foldwise.data.sources.mask_folder import read_masked
from foldwise.data.sources.picture_groups import picture_groups
from foldwise.data.sources.pictures import ENDINGS, NAMED, find_pictures, read_pictures, shown_broken
from foldwise.errors import ConfigError, DataError
from foldwise.spec.images import FolderData
from foldwise.spec.places import Paths, usable_path


def read_folder(data: FolderData, folder: Path, labels: str | None, masks: Path | None = None) -> ImageSource:
    """The pictures in a folder, resized to one size.

    Args:
        data: the options.
        folder: the folder.
        labels: the CSV file, in the folder or elsewhere; None if the folder has a folder for each class.
        masks: the folder of masks, which take the place of labels.

    Raises:
        DataError: there are no pictures, or too many are broken, with number and path; or a mask does not fit its picture.
    """
    if masks is not None:
        return read_masked(data, folder, masks)
    files, names = _listed(data, folder, labels) if labels else _by_class(folder)
    decoded = read_pictures(files, data.size, data.channels, data.broken)
    notes = [] if labels else _without_pictures(folder, names)
    if decoded.broken:
        notes.append(
            f"{len(decoded.broken)} of {len(files)} pictures are left out: number {shown_broken(decoded.broken, files)}"
        )
    found = np.array(names, dtype=object)[decoded.kept]
    groups = picture_groups([files[place] for place in decoded.kept], folder, data.group)
    return ImageSource(decoded.images, found, decoded.kept, str(folder), tuple(notes), groups=groups)


def find_folder(path: str, paths: Paths, key: str) -> Path:
    """The folder that `key` names: at its path, else in `paths.data`.

    Raises:
        DataError: it is in neither place, or cannot be.
    """
    try:
        places = (Path(usable_path(path)).expanduser(), Path(paths.data) / path)
    except (ValueError, RuntimeError) as fault:  # RuntimeError: a user who does not exist
        raise DataError(f"{key}: {fault}; correct it") from None
    for place in places:
        if place.is_dir():
            return place
    raise DataError(f"{key}: folder not found: {path}, also not in {paths.data}; correct the path, or set paths.data")


def _by_class(folder: Path) -> tuple[list[Path], list[str]]:
    files = find_pictures(folder)
    loose = [path for path in files if path.parent == folder]
    if files and len(loose) == len(files):
        raise DataError(f"{folder} holds pictures and no class folders; name the file of labels as data.labels=labels.csv")
    if loose:
        raise DataError(f"{loose[0]} is not in a class folder; move it, or name the file of labels as data.labels=labels.csv")
    if not files:
        raise DataError(f"{folder} holds no PNG or JPEG files; put them into a folder for each class")
    return files, [path.relative_to(folder).parts[0] for path in files]


def _without_pictures(folder: Path, names: Sequence[str | None]) -> list[str]:
    """A note about class folders that no picture is in: they are no class of the model."""
    classes = sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    bare = [name for name in classes if name not in set(names)]
    if not bare:
        return []
    shown = ", ".join(map(repr, bare[:NAMED])) + (f" and {len(bare) - NAMED} more" if len(bare) > NAMED else "")
    rule = f"{len(bare)} of {len(classes)} class folders hold no PNG or JPEG files: {shown}"
    return [f"{rule}; the model does not know {'this class' if len(bare) == 1 else 'these classes'}"]


def _listed(data: FolderData, folder: Path, labels: str) -> tuple[list[Path], list[str | None]]:
    from foldwise.data.sources.picture_list import read_list

    try:
        beside, elsewhere = folder / usable_path(labels), Path(labels).expanduser()
    except (ValueError, RuntimeError) as fault:  # RuntimeError: a user who does not exist
        raise DataError(f"data.labels: {fault}; correct it") from None
    path = beside if beside.is_file() else elsewhere
    if not path.is_file():
        raise _no_list(beside if beside.is_dir() else path, labels, folder)
    if path.suffix.lower() in ENDINGS:
        raise DataError(f"data.labels: {labels} is a picture, {ONE_LABEL}; name a CSV file of names and labels")
    frame = read_list(path, (data.target, data.file), data.target)
    files = []
    for row, name in enumerate(frame[data.file], 1):
        if name is None:
            raise DataError(f"{path}, row {row}: {data.file} is missing; name a picture, or drop the row")
        file = folder / name
        if not file.exists() and is_formula(bare := name.removeprefix(QUOTE)):  # as `predict` writes it
            file = folder / bare
        if not file.resolve().is_relative_to(folder.resolve()):
            raise DataError(f"{path}, row {row}: {name} is not in {folder}; name files in it")
        files.append(file)
    if data.file == data.target:
        raise ConfigError("data.file", f"{data.file!r} is the target; name the column with the names of the pictures")
    return files, frame[data.target].to_list()


def _no_list(path: Path, labels: str, folder: Path) -> DataError:
    """Why `data.labels` names no file of labels, and what it should name."""
    if not path.is_dir():
        rule = f"data.labels: file not found: {labels} in {folder}"
        return DataError(f"{rule}; put a CSV file of names and labels there, or give its path")
    what = "folder of pictures" if find_pictures(path) else "folder"
    advice = "name a CSV file of names and labels, or leave data.labels out if there is a folder for each class"
    return DataError(f"data.labels: {labels} is a {what}, {ONE_LABEL}; {advice}")

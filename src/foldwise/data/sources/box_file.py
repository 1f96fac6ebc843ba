"""Files of boxes: JSON, of COCO or simpler; a folder of Pascal VOC's XML; CSV. Which of them it is shows in the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from foldwise.data.sources.box_xml import read_xml
from foldwise.errors import DataError
from foldwise.spec.places import Paths, usable_path
from foldwise.system.files import open_regular
from foldwise.system.judged_json import judged_json
from foldwise.system.redact import first_line

MOST_BYTES = 256 * 2**20
CSV_COLUMNS = ("file", "label", "x_min", "y_min", "x_max", "y_max")
MAY_BE_EMPTY = ("name", "file_name")
FORMATS = "COCO's JSON, a folder of Pascal VOC's XML files, or a CSV file of " + ", ".join(CSV_COLUMNS)


@dataclass(frozen=True)
class Box:
    """A box as a file has it.

    corners: x_min, y_min, x_max, y_max in pixels. where: its place in the file, for messages.
    """

    label: str
    corners: tuple[float, float, float, float]
    where: str


@dataclass(frozen=True)
class BoxedPicture:
    """A picture in a file of boxes.

    name: its file; empty if the file has none. size: height and width, if the file has them.
    """

    name: str
    size: tuple[int, int] | None
    boxes: tuple[Box, ...]


@dataclass(frozen=True)
class Boxed:
    """The boxes of images, in the order of the images.

    sizes: height and width of each picture as its boxes mean it. titles: what the pictures are called in messages. place: the
    file, in messages.
    """

    pictures: tuple[BoxedPicture, ...]
    sizes: tuple[tuple[int, int], ...]
    titles: tuple[str, ...]
    place: str


def find_boxes(path: str, folder: Path, paths: Paths, key: str) -> Path:
    """The file or folder that `key` names: beside the pictures, at its path, or in `paths.data`.

    Raises:
        DataError: it is in none of these places, or cannot be.
    """
    try:
        places = (folder / usable_path(path), Path(path).expanduser(), Path(paths.data) / path)
    except (ValueError, RuntimeError) as fault:  # RuntimeError: a user who does not exist
        raise DataError(f"{key}: {fault}; correct it") from None
    for place in places:
        if place.exists():
            return place
    rule = f"{key}: not found: {path}, neither in {folder} nor in {paths.data}"
    raise DataError(f"{rule}; name {FORMATS}")


def read_boxes(path: Path) -> tuple[BoxedPicture, ...]:
    """All pictures of a file of boxes, in its order; boxes are not yet compared with pictures.

    Raises:
        DataError: the file is empty, malformed, or has another content; with its line or entry.
    """
    if path.is_dir():
        return tuple(BoxedPicture(name, size, tuple(Box(*box) for box in boxes)) for name, size, boxes in read_xml(path))
    start = _start(path)
    if not start.strip():
        raise DataError(f"{path} is empty; give {FORMATS}")
    if start.lstrip()[:1] in (b"{", b"[") or path.suffix.lower() == ".json":
        return tuple(_from_json(path))
    if start.lstrip().startswith(b"<"):
        raise DataError(f"{path} is one XML file; name the folder with the XML files of all pictures")
    return tuple(_from_csv(path))


def _start(path: Path) -> bytes:
    try:
        with open_regular(path) as file:
            return file.read(4096).removeprefix(b"\xef\xbb\xbf")
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None


def _from_json(path: Path) -> Iterator[BoxedPicture]:
    if path.stat().st_size > MOST_BYTES:
        raise DataError(f"{path} has {path.stat().st_size} bytes, and at most {MOST_BYTES} are read; split the data")
    try:
        content = judged_json(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except ValueError as fault:
        raise DataError(f"{path} is not JSON: {first_line(fault)}; write the file again") from None
    pictures = content.get("images") if isinstance(content, dict) else None
    if not isinstance(pictures, list) or not all(isinstance(one, dict) for one in pictures):
        raise DataError(f"{path} has no list 'images'; give COCO's JSON, or images with a name and boxes each")
    if "annotations" in content:
        yield from _coco(path, content)
        return
    for number, one in enumerate(pictures, 1):
        where = f"{path}, image {number}"
        boxes = one.get("boxes")
        if not isinstance(boxes, list):
            raise DataError(f"{where} has no list 'boxes'; give it one, empty if nothing is there")
        yield BoxedPicture(_text(one.get("name", ""), "name", where), None, tuple(_plain(boxes, where)))


def _plain(boxes: Sequence[Any], where: str) -> Iterator[Box]:
    for number, box in enumerate(boxes, 1):
        place = f"{where}, box {number}"
        if not isinstance(box, dict):
            raise DataError(f"{place} is not a mapping of label and box; correct it")
        yield Box(_text(box.get("label"), "label", place), _four(box.get("box"), "box", place), place)


def _coco(path: Path, content: Mapping[str, Any]) -> Iterator[BoxedPicture]:
    names = _by_id(_mappings(content, "categories", path), "category", "categories", path)
    images = _by_id(content["images"], "image", "images", path)
    boxes: dict[str | int, list[Box]] = {known: [] for known in images}
    for number, one in enumerate(_mappings(content, "annotations", path), 1):
        where = f"{path}, annotation {number}"
        if one.get("iscrowd") in (1, True):
            raise DataError(f"{where} is a crowd, which has no single box; leave it out")
        category, image = one.get("category_id"), one.get("image_id")
        if not _is_id(category) or category not in names:
            raise DataError(f"{where}: category_id {repr(category)[:80]} is not in 'categories'; add it there")
        if not _is_id(image) or image not in boxes:
            raise DataError(f"{where}: image_id {repr(image)[:80]} is not in 'images'; add it there, or drop the box")
        left, top, width, height = _four(one.get("bbox"), "bbox", where)
        label = _text(names[category].get("name"), "category name", where)
        boxes[image].append(Box(label, (left, top, left + width, top + height), where))
    for number, (known, one) in enumerate(images.items(), 1):
        name = _text(one.get("file_name", ""), "file_name", f"{path}, image {number}")
        yield BoxedPicture(name, _size(one.get("height"), one.get("width")), tuple(boxes[known]))


def _by_id(given: Sequence[Mapping[str, Any]], what: str, plural: str, path: Path) -> dict[str | int, Mapping[str, Any]]:
    found: dict[str | int, Mapping[str, Any]] = {}
    for number, one in enumerate(given, 1):
        known = one.get("id")
        if not _is_id(known):
            raise DataError(f"{path}, {what} {number}: id must be a whole number or text, got {repr(known)[:80]}; give it one")
        if known in found:
            raise DataError(f"{path}: two {plural} have one id, {repr(known)[:80]}; give each its own")
        found[known] = one
    return found


def _is_id(value: Any) -> TypeGuard[str | int]:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _from_csv(path: Path) -> Iterator[BoxedPicture]:
    from foldwise.data.sources.picture_list import read_list

    frame = read_list(path, CSV_COLUMNS, target="label")
    found: dict[str, list[Box]] = {}
    for row, (name, label, *corners) in enumerate(zip(*(frame[column] for column in CSV_COLUMNS), strict=True), 1):
        where = f"{path}, row {row}"
        if name is None:
            raise DataError(f"{where}: file is missing; name the picture")
        boxes = found.setdefault(_text(name, "file", where), [])
        if label is None and all(corner is None for corner in corners):
            continue  # a picture without boxes
        boxes.append(Box(_text(label, "label", where), _numbers(corners, where), where))
    for name, boxes in found.items():
        yield BoxedPicture(name, None, tuple(boxes))


def _numbers(cells: Sequence[Any], where: str) -> tuple[float, float, float, float]:
    numbers = []
    for column, cell in zip(CSV_COLUMNS[2:], cells, strict=True):
        try:
            numbers.append(float(cell))
        except (TypeError, ValueError):
            shown = "is missing" if cell is None else f"{str(cell)[:80]!r} is not a number"
            raise DataError(f"{where}: {column} {shown}; give pixels") from None
    return _four(numbers, "box", where)


def _mappings(content: Mapping[str, Any], key: str, path: Path) -> list[Mapping[str, Any]]:
    found = content.get(key)
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise DataError(f"{path} has no list {key!r} of mappings, as COCO's JSON has; add it")
    return found


def _four(value: Any, key: str, where: str) -> tuple[float, float, float, float]:
    numbers = value if isinstance(value, list | tuple) else ()
    plain = [float(one) for one in numbers if isinstance(one, int | float) and not isinstance(one, bool) and abs(one) < 1e9]
    if len(plain) != 4 or len(numbers) != 4:
        raise DataError(f"{where}: {key} must be four numbers, got {str(value)[:80]}; correct it")
    return plain[0], plain[1], plain[2], plain[3]


def _text(value: Any, key: str, where: str) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or (key not in MAY_BE_EMPTY and not value.strip()):
        raise DataError(f"{where}: {key} must be text, got {str(value)[:80]!r}; correct it")
    return value.strip()


def _size(height: Any, width: Any) -> tuple[int, int] | None:
    whole = [side for side in (height, width) if isinstance(side, int) and not isinstance(side, bool) and side > 0]
    return (whole[0], whole[1]) if len(whole) == 2 else None

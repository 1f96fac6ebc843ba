"""Boxes in Pascal VOC's XML: a file for each picture. A file with a document type is refused, so none can declare entities."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn
from xml.etree import ElementTree as Tree

from foldwise.errors import DataError
from foldwise.system.files import open_regular

MOST_BYTES = 4 * 2**20  # of one file: some ten thousand objects
ROOT = "annotation"
CORNERS = ("xmin", "ymin", "xmax", "ymax")

Corners = tuple[float, float, float, float]
Found = tuple[str, tuple[int, int] | None, list[tuple[str, Corners, str]]]


class _Plain(Tree.TreeBuilder):
    """Builds elements, and stops at a document type: it could declare entities that grow without bound or name files."""

    def doctype(self, *_: object) -> NoReturn:
        raise ValueError("it has a DOCTYPE, which is not read; remove it")


def read_xml(folder: Path) -> Iterator[Found]:
    """The name of the picture, its height and width if they are given, and label, corners and place of each box; by file name.

    A picture is named by `filename`, else by the file itself without its ending. Corners are taken as they are.

    Raises:
        DataError: the folder has no such files, or one is malformed, with its line.
    """
    files = sorted(path for path in folder.rglob("*.xml") if not path.name.startswith("."))
    if not files:
        raise DataError(f"{folder} holds no XML files; name a folder with one for each picture, as Pascal VOC has")
    whole = folder.resolve()
    for path in files:
        if not path.resolve().is_relative_to(whole):
            raise DataError(f"{path} is a link that leads out of {folder}; put the file itself there")
        root = _root(path)
        if root.tag != ROOT and root.find(".//object") is None:
            raise DataError(f"{path} is not Pascal VOC's XML: it begins with <{root.tag[:80]}>, not <{ROOT}>; give its boxes")
        boxes = [_box(item, f"{path}, object {number}") for number, item in enumerate(root.iter("object"), 1)]
        yield (root.findtext("filename") or "").strip() or path.stem, _size(root), boxes


def _root(path: Path) -> Tree.Element:
    parser = Tree.XMLParser(target=_Plain())  # noqa: S314 - see _Plain
    try:
        with open_regular(path) as file:
            text = file.read(MOST_BYTES + 1)
        if len(text) > MOST_BYTES:
            raise ValueError(f"it has more than {MOST_BYTES} bytes")
        if not text.strip():
            raise ValueError("it is empty")
        parser.feed(text)
        root: Tree.Element = parser.close()
    except (OSError, ValueError, Tree.ParseError, LookupError) as fault:
        raise DataError(f"{path} cannot be read as XML: {fault}; correct the file") from None
    return root


def _box(item: Tree.Element, where: str) -> tuple[str, Corners, str]:
    label = (item.findtext("name") or "").strip()
    if not label:
        raise DataError(f"{where} has no name; give its class")
    corners = []
    for key in CORNERS:
        cell = item.findtext(f"bndbox/{key}")
        try:
            corners.append(float(cell or ""))
        except ValueError:
            raise DataError(f"{where}: bndbox/{key} is {(cell or '')[:80]!r}, not a number; correct it") from None
        if not abs(corners[-1]) < 1e9:
            raise DataError(f"{where}: bndbox/{key} is {(cell or '')[:80]!r}; give pixels")
    return label, (corners[0], corners[1], corners[2], corners[3]), where


def _size(root: Tree.Element) -> tuple[int, int] | None:
    sides = [(root.findtext(f"size/{key}") or "").strip() for key in ("height", "width")]
    whole = [int(side) for side in sides if side.isascii() and side.isdigit() and len(side) < 7 and int(side) > 0]
    return (whole[0], whole[1]) if len(whole) == 2 else None

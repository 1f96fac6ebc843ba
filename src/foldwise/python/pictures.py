"""The figures of a study as values that a notebook shows."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

FIRST = ("history", "importance", "columns", "learning_curves", "confusion")  # the others follow by name
WIDTH = 420  # pixels of a picture among others
SHARPER = 2  # screens with two dots a pixel show the small pictures as sharp as the text


@dataclass(frozen=True)
class Picture:
    """A figure of a study, a PNG file; a notebook shows it."""

    path: Path

    def _repr_png_(self) -> bytes:
        return self.path.read_bytes()

    def __repr__(self) -> str:
        return f"<picture {self.path.stem}: {self.path}>"

    def small(self, width: int = WIDTH) -> str:
        """An `img` of HTML with the picture in it, `width` pixels wide."""
        content = base64.b64encode(_reduced(self.path, SHARPER * width)).decode("ascii")
        return f'<img src="data:image/png;base64,{content}" width="{width}" alt="{escape(self.path.stem)}">'


class Pictures(Mapping[str, Picture]):
    """The pictures of a folder by name, `figures["history"]`; a notebook shows all of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _names(self) -> list[str]:
        found = sorted(path.stem for path in self._folder.glob("*.png"))
        return [name for name in FIRST if name in found] + [name for name in found if name not in FIRST]

    def __getitem__(self, name: str) -> Picture:
        if name not in self._names():
            raise KeyError(f"{name!r} is not a picture of this study; it has {', '.join(self) or 'none'}")
        return Picture(self._folder / f"{name}.png")

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())

    def __repr__(self) -> str:
        return f"<pictures {', '.join(self) or 'none'}: {self._folder}>"

    def _repr_html_(self) -> str:
        if not self:
            return (
                f"<p>{escape(str(self._folder))} has no pictures; tracking.figures=false and tracking=in_memory draw none</p>"
            )
        shown = "".join(f"<figure>{self[name].small()}<figcaption>{escape(name)}</figcaption></figure>" for name in self)
        return f'<div style="display:flex;flex-wrap:wrap;gap:8px">{shown}</div>'


def _reduced(path: Path, width: int) -> bytes:
    """The content of a PNG file, at most `width` pixels wide: a notebook keeps every picture in its file."""
    from io import BytesIO

    from PIL import Image

    with Image.open(path) as picture:
        if picture.width <= width:
            return path.read_bytes()
        small = picture.convert("RGB").resize((width, max(1, round(picture.height * width / picture.width))))
    written = BytesIO()
    small.quantize(64).save(written, "PNG", optimize=True)
    return written.getvalue()

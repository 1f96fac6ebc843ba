"""A model card: sections of sentences, tables and code, in Markdown and in HTML; everything from names is escaped."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path

from foldwise.report.page_files import framed, page_file
from foldwise.system.files import atomically
from foldwise.system.markdown import code_block, in_markdown, one_line


@dataclass(frozen=True)
class Grid:
    """A table of text. The first column holds names, the others values."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Code:
    """Lines that a reader can copy."""

    text: str


Part = str | Grid | Code


@dataclass(frozen=True)
class Section:
    """A heading with sentences, tables and code below it, in this order."""

    heading: str
    parts: Sequence[Part]


@dataclass(frozen=True)
class ModelCard:
    """The card: what it is of, the most important sentence, the sections, and when it was made."""

    title: str
    lead: str
    sections: Sequence[Section]
    made: str


def as_markdown(card: ModelCard) -> str:
    """The card as GitHub's Markdown."""
    blocks = [f"# {in_markdown(card.title)}", in_markdown(card.lead)]
    for section in card.sections:
        blocks += [f"## {in_markdown(section.heading)}", *map(_in_markdown, section.parts)]
    return "\n\n".join([*blocks, f"Made by foldwise, {in_markdown(card.made)}."]) + "\n"


def as_html(card: ModelCard) -> str:
    """The card as a page that needs no server."""
    body = [f"<p class='verdict'>{escape(one_line(card.lead))}</p>"]
    body += map(section_html, card.sections)
    page = {
        "title": escape(one_line(card.title)),
        "style": f"{page_file('compare.css')}\n{page_file('model_card.css')}",
        "body": "\n".join(body),
        "made": escape(one_line(card.made)),
    }
    return framed("model_card.html", page)


def write_sections(path: Path, title: str, body: str) -> None:
    """Write a page of sections, which are HTML."""
    made = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M")
    page = {"title": escape(title), "style": page_file("compare.css"), "body": body, "made": made}
    text = framed("model_card.html", page)
    atomically(path, lambda part: part.write_text(text, encoding="utf-8"))


def section_html(section: Section) -> str:
    """A section as HTML."""
    parts = "\n".join(map(_in_html, section.parts))
    return f"<section>\n<h2>{escape(one_line(section.heading))}</h2>\n{parts}\n</section>"


def _in_markdown(part: Part) -> str:
    if isinstance(part, Code):
        return code_block(part.text)
    if isinstance(part, str):
        return in_markdown(part)
    rule = ["---" if place in _words(part) else "---:" for place in range(len(part.columns))]
    lines = [[in_markdown(cell) for cell in line] for line in (part.columns, *part.rows)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (lines[0], rule, *lines[1:]))


def _in_html(part: Part) -> str:
    if isinstance(part, Code):
        return f"<pre tabindex='0'>{escape(part.text)}</pre>"
    if isinstance(part, str):
        return f"<p>{escape(one_line(part))}</p>"
    words = _words(part)
    body = "\n".join(_line(row, "td", words) for row in part.rows)
    head = _line(part.columns, "th", words)
    return f"<div class='grid' tabindex='0'><table>\n<thead>{head}</thead>\n<tbody>{body}</tbody></table></div>"


def _line(cells: Sequence[str], tag: str, words: set[int]) -> str:
    shown = [escape(one_line(cell)) for cell in cells]
    kinds = [" class=text" if place in words else "" for place in range(len(cells))]
    return "<tr>" + "".join(f"<{tag}{kind}>{cell}</{tag}>" for kind, cell in zip(kinds, shown, strict=True)) + "</tr>"


def _words(grid: Grid) -> set[int]:
    """The places of the columns that hold words: the first, and those in which a cell begins with none of a number's signs."""
    return {
        place
        for place in range(len(grid.columns))
        if place == 0 or not all(re.match(r"[+-]?\d|-$", row[place]) for row in grid.rows)
    }

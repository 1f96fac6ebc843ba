"""The site has each key of conf/, each door and each key of summary.json, and its links lead somewhere."""

import dataclasses
import re
import types
from pathlib import Path
from typing import Annotated, Union, get_args, get_origin, get_type_hints

import pytest

from docs.site.build import SECTIONS, listed
from docs.site.options import option_files, unsaid
from foldwise.__main__ import DOORS
from foldwise.trial.summary import StudySummary

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [*DOCS.rglob("*.md"), *(ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"))]
MADE = re.compile(r"options/\w+\.md$")  # written by docs/site/pages.py


def test_every_key_of_conf_has_a_meaning_and_its_values():
    found = option_files()
    assert unsaid(found) == []
    assert sum(len(file.keys) for files in found.values() for file in files) > 500  # the check sees conf/


def test_every_file_of_conf_is_in_the_reference():
    shown = {f"{file.group}/{file.name}" for files in option_files().values() for file in files}
    there = {f"{path.parent.name}/{path.stem}" for path in (ROOT / "conf").rglob("*.yaml") if path.parent.name != "experiment"}
    assert shown == there


def test_the_readme_has_every_door():
    rows = re.findall(r"^\| `(\w+)` \|", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert {*rows} == {*DOORS, "conf"}


def keys_of(kind, prefix=""):
    """The dotted keys of a dataclass, through its unions and tuples."""
    if get_origin(kind) in (Annotated, Union, types.UnionType, tuple):
        return {key for one in get_args(kind) for key in keys_of(one, prefix)}
    if not dataclasses.is_dataclass(kind):
        return set()
    hints = get_type_hints(kind)
    below = {name: keys_of(hints[name], f"{prefix}{name}.") for name in (field.name for field in dataclasses.fields(kind))}
    return {key for name, keys in below.items() for key in (keys or {prefix + name})}


def test_every_key_of_summary_json_is_in_the_reference():
    rows = re.findall(r"^\| `([\w.]+)` \|", (DOCS / "reference" / "summary.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert {*rows} == keys_of(StudySummary)
    assert len(rows) == len({*rows})


@pytest.mark.parametrize("section", SECTIONS)
def test_the_index_of_a_section_lists_its_pages(section):
    assert listed(DOCS / section)[0] == "index.md"


def anchors(page):
    """The anchors of a page's headings."""
    headings = re.findall(r"^#+ +(.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"\s+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower()) for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r"(?:src|srcset)=\"([^\"]+)\"", text)
    for link in links:
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        if not link.startswith(("http://", "https://")) and not MADE.search(name):
            assert target.is_file(), f"{link} is not there"
            assert not anchor or anchor in anchors(target), f"{link} has no such heading"

"""What is wrong with the links of a built site: dead links and anchors, and whatever a browser would load from elsewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# what a browser loads by itself: tag -> attribute; a link that a reader follows may lead elsewhere
LOADED = {"script": "src", "img": "src", "source": "srcset", "iframe": "src", "video": "src", "audio": "src", "link": "href"}
NOT_LOADED = {"canonical", "alternate", "prev", "next", "license", "edit"}  # of <link rel=...>
IN_STYLES = re.compile(r"url\(\s*['\"]?((?:https?:)?//[^)'\"]+)|@import\s+['\"]?((?:https?:)?//[^'\"]+)")


class Page(HTMLParser):
    """The anchors of a page, the links that it offers, and what it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note one tag."""
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif LOADED.get(tag, "") in given and not NOT_LOADED & set(given.get("rel", "").split()):
            self.loaded.append(given[LOADED[tag]])
        self.loaded += [address for pair in IN_STYLES.findall(given.get("style", "")) for address in pair if address]


def faults(site: Path) -> list[str]:
    """A sentence for each dead link and each foreign file of the pages and styles below a folder."""
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}
    found = []
    for path, page in pages.items():
        here = path.relative_to(site)
        found += [f"{here}: loads {address} from elsewhere" for address in page.loaded if urlsplit(address).netloc]
        for link in [*page.links, *(address for address in page.loaded if not urlsplit(address).netloc)]:
            fault = _dead(site, path, link, pages)
            found += [f"{here}: {link} {fault}"] if fault else []
    for style in sorted(site.rglob("*.css")):
        for pair in IN_STYLES.findall(style.read_text(encoding="utf-8")):
            found.append(f"{style.relative_to(site)}: loads {pair[0] or pair[1]} from elsewhere")
    return found


def _dead(site: Path, page: Path, link: str, pages: dict[Path, Page]) -> str:
    """Why a link of a page leads nowhere; empty if it leads somewhere, or out of the site."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc or link in ("", "#"):
        return ""
    name = unquote(parts.path)
    target = site / name.lstrip("/") if name.startswith("/") else (page.parent / name).resolve() if name else page
    target = target / "index.html" if target.is_dir() else target
    if not target.is_file():
        return "is not a file of the site"
    anchor = unquote(parts.fragment)
    return f"has no anchor {anchor}" if anchor and target in pages and anchor not in pages[target].anchors else ""

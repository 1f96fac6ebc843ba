"""The blocks of a page that are run: those below `<!-- run -->`, `<!-- file: NAME -->` or `<!-- serve: PORT -->`.

Blocks of a page run in their order, in one folder. `<!-- run: long -->` and `<!-- run: nightly -->` are for blocks that take
longer than the quick tests should; `<!-- run: exit=2 -->` is for a command that must end so. A file block is written under
its name. A server block is started before the next block and ended with the page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MARKED = re.compile(r"^<!-- (run|file|serve)(?:: ([^>\n]+?))? -->\n+```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LEVELS = ("nightly", "long")


@dataclass(frozen=True)
class Block:
    """kind: run, file or serve. words: what the mark says. language: of the fence."""

    kind: str
    words: tuple[str, ...]
    language: str
    text: str

    @property
    def level(self) -> str:
        """When it is run: `quick`, `long` or `nightly`."""
        return next((level for level in LEVELS if level in self.words), "quick")

    @property
    def code(self) -> int:
        """The exit code that it must end with."""
        return next((int(word.partition("=")[2]) for word in self.words if word.startswith("exit=")), 0)

    @property
    def commands(self) -> list[str]:
        """Its lines, with continued ones joined."""
        return [line for line in self.text.replace("\\\n", " ").splitlines() if line.strip() and not line.startswith("#")]


def blocks(text: str) -> list[Block]:
    """The marked blocks of a page, in their order."""
    return [Block(kind, tuple((words or "").split()), language, body) for kind, words, language, body in MARKED.findall(text)]

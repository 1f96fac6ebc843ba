"""The blocks of a page of the site that are run: those below `<!-- run -->`, `<!-- file: NAME -->` or `<!-- serve: PORT -->`.

Blocks of a page run in their order, in one folder. `<!-- run: long -->` and `<!-- run: nightly -->` are for blocks that take
longer than the quick tests should; `<!-- run: exit=2 -->` is for a command that must end so. A file block is written under
its name. A server block is started before the next block and ended with the page.
"""

import re
import shlex
from dataclasses import dataclass

MARKED = re.compile(r"^<!-- (run|file|serve)(?:: ([^>\n]+?))? -->\n+```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LEVELS = ("nightly", "long")
# What makes a study of a page short, unless its command says otherwise.
SHORT = {"budget.trials": "2", "folds.count": "2", "fit.epochs": "2", "tracking.figures": "false"}


@dataclass(frozen=True)
class Block:
    """kind: run, file or serve. words: what the mark says. language: of the fence."""

    kind: str
    words: tuple[str, ...]
    language: str
    text: str

    @property
    def level(self):
        return next((level for level in LEVELS if level in self.words), "quick")

    @property
    def code(self):
        return next((int(word.partition("=")[2]) for word in self.words if word.startswith("exit=")), 0)

    @property
    def commands(self):
        """Its lines, with continued ones joined."""
        return [line for line in self.text.replace("\\\n", " ").splitlines() if line.strip() and not line.startswith("#")]


def blocks(text):
    """The marked blocks of a page, in their order."""
    return [Block(kind, tuple((words or "").split()), language, body) for kind, words, language, body in MARKED.findall(text)]


def door_words(command):
    """The words after `python` of a command that starts a door, made short; None for any other command."""
    words = shlex.split(command)
    if words[0] == "foldwise":
        words = ["-m", "foldwise", *words[1:]]
    elif words[:2] == ["python", "-m"]:
        words = words[1:]
    else:
        return None
    return [*words, *shorter(words)]


def shorter(words):
    """Words that make a new study short; none for one that continues under its name, and for other doors."""
    door = words[2] if words[1] == "foldwise" else words[1].removeprefix("pipelines.")
    given = [word.lstrip("+").partition("=")[0] for word in words if "=" in word]
    new = [key for key in given if key.partition(".")[0] in ("data", "experiment", "extend")]
    if door not in ("tune", "train") or "--help" in words or (given and not new):
        return []
    return [
        f"{key}={value}" for key, value in SHORT.items() if key not in given and not (key == "folds.count" and "folds" in given)
    ]

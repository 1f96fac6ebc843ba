"""The command line of a door: as a message shows it, and as this process starts it."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

from foldwise.system.redact import without_password

_READ_OTHERWISE = re.compile(r"true|false|null|nan|[+-]?(inf|[0-9._]+(e[+-]?[0-9]+)?)", re.IGNORECASE)  # as another type
_SAFE = re.compile(r"[\w@%+=:,./-]+")  # a shell takes such words without quotes
_TOP = Path(__file__).parents[3]  # of the checkout, if the package runs from one


def door_command(door: str) -> str:
    """The command in a message: `python -m pipelines.X` at the top of the checkout, `foldwise X` elsewhere."""
    at_the_top = Path.cwd() == _TOP and (_TOP / "pipelines" / f"{door}.py").is_file()
    return f"python -m pipelines.{door}" if at_the_top else f"foldwise {door}"


def shell_word(key: str, value: object) -> str:
    """`key=value` as a shell takes it and a door reads it: odd text is quoted, for Hydra too."""
    if not isinstance(value, str):
        return shlex.quote(f"{key}={str(value).lower() if isinstance(value, bool) else value}")
    plain = re.fullmatch(r"[\w./:@%+-]+( [\w./:@%+-]+)*", value) and not _READ_OTHERWISE.fullmatch(value)
    if plain:
        return shlex.quote(f"{key}={value}")
    return in_shell(f"{key}={quoted(value)}")


def place_words(runs: str | None, ledger: str | None, tracking: str | None) -> list[str]:
    """The words that a command needs to find a study and its model.

    Args:
        runs: the runs folder; None where it is the default.
        ledger: the address of the ledger; None where it is in the runs folder.
        tracking: the address of the MLflow store; None where it is in the runs folder.

    A password is left out of an address: the libraries take it from PGPASSWORD, ~/.pgpass or MLFLOW_TRACKING_PASSWORD.
    """
    places = {"paths.runs": runs, "ledger.url": ledger, "tracking.url": tracking}
    return [
        shell_word(key, without_password(place).replace(":***@", "@")) for key, place in places.items() if place is not None
    ]


def quoted(word: str) -> str:
    """A word in single quotes, as Hydra's grammar has them."""
    inner = re.sub(r"(\\*)'", r"\1\1\\'", word)
    return "'" + re.sub(r"(\\+)$", r"\1\1", inner) + "'"


def in_shell(text: str) -> str:
    """A word of a command line, quoted where a shell needs it."""
    if _SAFE.fullmatch(text):
        return text
    return f'"{text}"' if not re.search(r'["$`\\!]', text) else shlex.quote(text)


def door_process(door: str) -> list[str]:
    """The first words of a door's process. With `-P` modules in the working folder cannot shadow installed ones."""
    return [sys.executable, "-P", "-m", "foldwise", door]

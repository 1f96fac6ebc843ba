"""The command line of a door: as a message shows it, and as this process starts it."""

from __future__ import annotations

import sys
from pathlib import Path

_TOP = Path(__file__).parents[3]  # of the checkout, if the package runs from one


def door_command(door: str) -> str:
    """The command in a message: `python -m pipelines.X` at the top of the checkout, `foldwise X` elsewhere."""
    at_the_top = Path.cwd() == _TOP and (_TOP / "pipelines" / f"{door}.py").is_file()
    return f"python -m pipelines.{door}" if at_the_top else f"foldwise {door}"


def door_process(door: str) -> list[str]:
    """The first words of a door's process. With `-P` modules in the working folder cannot shadow installed ones."""
    return [sys.executable, "-P", "-m", "foldwise", door]

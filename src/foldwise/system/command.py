"""How a person starts a door from here, and how this process starts one."""

from __future__ import annotations

import sys
from pathlib import Path

_TOP = Path(__file__).parents[3]  # of the checkout, where this package is used from one


def door_command(door: str) -> str:
    """The words that a message shows: `python -m pipelines.X` at the top of the checkout, `foldwise X` anywhere else."""
    at_the_top = Path.cwd() == _TOP and (_TOP / "pipelines" / f"{door}.py").is_file()
    return f"python -m pipelines.{door}" if at_the_top else f"foldwise {door}"


def door_process(door: str) -> list[str]:
    """The first words of a door's process; as with the script `foldwise`, no module in the working folder is imported."""
    return [sys.executable, "-P", "-m", "foldwise", door]

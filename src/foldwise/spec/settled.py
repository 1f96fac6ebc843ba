"""What `auto` was settled to in a study, and by which size of its table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from foldwise.spec.goal import Task
from foldwise.system.command import in_shell
from foldwise.system.known_words import did_you_mean

AUTO = "auto"


@dataclass(frozen=True)
class Size:
    """What is known of rows before the first trial.

    rows: with a known target, the holdout included unless it is a file of its own. columns: of features.
    images: whether rows are images. grouped: whether some rows must stay together.
    rarest: rows of the rarest class; None where the target is a number.
    """

    rows: int
    columns: int
    task: Task
    images: bool = False
    grouped: bool = False
    rarest: Annotated[int | None, Field(exclude_if=lambda rarest: rarest is None)] = None

    def __str__(self) -> str:
        return f"{self.rows:,} {'images' if self.images else f'rows of {self.columns:,} columns'} ({self.task})"


@dataclass(frozen=True)
class Settled:
    """Group -> option, or dotted key -> value, of all that was `auto`."""

    size: Size
    values: Mapping[str, Any]

    def __str__(self) -> str:
        words = " ".join(in_shell(f"{key}={written(value)}") for key, value in self.values.items() if value is not None)
        return f"by {self.size}: {words}"


def written(value: Any) -> str:
    """A value as a word of a command line has it; ranges are lists."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {written(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return f"[{','.join(map(written, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)


class OrAuto(BeforeValidator):
    """Beside the type of a key that may be `auto`."""


def or_auto(*words: str) -> OrAuto:
    """For a whole number that may be `auto`, which is settled before values are read, or one of these words."""

    def check(value: Any) -> Any:
        if not isinstance(value, str) or value in words:
            return value
        if value == AUTO:
            raise ValueError("auto is settled for a whole study, so it cannot be an option of a range; write it alone")
        raise ValueError(f"must be {' or '.join(['a whole number', *words, AUTO])}, got {value!r}{_near(value, words)}")

    return OrAuto(check)


def _near(value: str, words: tuple[str, ...]) -> str:
    near = did_you_mean(value, [*words, AUTO])
    return near if near.startswith(",") else ""

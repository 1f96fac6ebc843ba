"""One thing that the audit found, and how many of a kind become one line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from foldwise.data.cells import listed
from foldwise.errors import ConfigError

Level = Literal["leak", "warn", "note"]
LEVELS: tuple[Level, ...] = ("leak", "warn", "note")
WORST = 4  # so many columns of one kind still get a line each


@dataclass(frozen=True)
class Finding:
    """One thing found. `leak`: scores would be too good; `warn`: they may mislead; `note`: good to know.

    check: the name of what was looked for. columns: where, () for the table as a whole. advice: what to do; `{columns}` in
    it stands for the columns.
    """

    level: Level
    check: str
    columns: tuple[str, ...]
    message: str
    advice: str

    @property
    def where(self) -> str:
        """The columns as a sentence lists them."""
        return listed(list(self.columns), most=WORST)

    @property
    def record(self) -> dict[str, str | list[str]]:
        """The finding as JSON keeps it, equal before and after it was written."""
        return {**vars(self), "columns": list(self.columns)}

    def __str__(self) -> str:
        return f"{self.level}: {f'{self.where}: ' if self.columns else ''}{self.message}; {self.advice}"


def told(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings with the worst first. Those that say the same of several columns, or of many, are one finding."""
    kinds: dict[tuple[str, str], list[Finding]] = {}
    for finding in found:
        kinds.setdefault((finding.level, finding.check), []).append(finding)
    merged: list[Finding] = []
    for alike in kinds.values():
        messages: dict[tuple[str, str], list[Finding]] = {}
        for finding in alike:
            messages.setdefault((finding.message, finding.advice), []).append(finding)
        if len(messages) > WORST:
            first = replace(alike[0], message=f"{len(alike)} columns; of {alike[0].where}: {alike[0].message}")
            merged.append(_one(first, alike))
        else:
            merged += [_one(same[0], same) for same in messages.values()]
    return tuple(sorted(merged, key=lambda finding: LEVELS.index(finding.level)))


def refuse(findings: Sequence[Finding], accepted: Sequence[str] = ()) -> None:
    """What `audit.strict` means: findings of checks that were not `accepted` end the run.

    Raises:
        ConfigError: it counts and names them.
    """
    left = [finding for finding in findings if finding.check not in accepted]
    if not left:
        return
    counts = [(level, sum(finding.level == level for finding in left)) for level in LEVELS]
    counted = listed([f"{count} {level}{'s' * (count > 1)}" for level, count in counts if count])
    named = "; ".join(f"{finding.check}{f' ({finding.where})' if finding.columns else ''}" for finding in left)
    checks = ",".join(dict.fromkeys(finding.check for finding in left))
    advice = f"mend them, or say what you have looked at with audit.accept=[{checks}]"
    raise ConfigError("audit.strict", f"{counted} found: {named}; {advice}")


def _one(finding: Finding, alike: Sequence[Finding]) -> Finding:
    columns = tuple(dict.fromkeys(column for one in alike for column in one.columns))
    written = ",".join(columns[: 2 * WORST]) + ",..." * (len(columns) > 2 * WORST)
    return replace(finding, columns=columns, advice=finding.advice.replace("{columns}", written))

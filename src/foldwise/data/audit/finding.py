"""A finding of the audit, and the merging of similar findings into one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from foldwise.data.cells import listed
from foldwise.data.option import column_list, option
from foldwise.errors import ConfigError
from foldwise.system.command import shell_word

Level = Literal["leak", "warn", "note"]
LEVELS: tuple[Level, ...] = ("leak", "warn", "note")
WORST = 4  # up to this many different findings of one check get a line each
MOST_NAMED = 50  # columns in an option; of more only their number is given


@dataclass(frozen=True)
class Finding:
    """One finding. `leak`: scores would be too good; `warn`: scores may mislead; `note`: good to know.

    check: the name of the check. columns: its columns, () for the whole table. advice: the remedy; options in it that
    name `{columns}` or `<column>` get the columns' names.
    """

    level: Level
    check: str
    columns: tuple[str, ...]
    message: str
    advice: str

    @property
    def where(self) -> str:
        """The columns, listed for a sentence."""
        return listed(list(self.columns), most=WORST)

    @property
    def record(self) -> dict[str, str | list[str]]:
        """The finding for JSON, equal before and after it is written."""
        return {**vars(self), "columns": list(self.columns)}

    def __str__(self) -> str:
        return f"{self.level}: {f'{self.where}: ' if self.columns else ''}{self.message}; {self.advice}"


def merged(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings with the worst first. Equal findings of several columns become one, and so do many of one check."""
    kinds: dict[tuple[str, str], list[Finding]] = {}
    for finding in found:
        kinds.setdefault((finding.level, finding.check), []).append(finding)
    lines: list[Finding] = []
    for alike in kinds.values():
        messages: dict[tuple[str, str], list[Finding]] = {}
        for finding in alike:
            messages.setdefault((finding.message, finding.advice), []).append(finding)
        if len(messages) > WORST:
            apart = len({finding.columns for finding in alike}) == len(alike)
            many = f"{len(alike)} columns; for {alike[0].where}" if apart else f"{len(alike)} findings; the first"
            first = replace(alike[0], message=f"{many}: {alike[0].message}")
            lines.append(_one(first, alike))
        else:
            lines += [_one(same[0], same) for same in messages.values()]
    return tuple(sorted(lines, key=lambda finding: LEVELS.index(finding.level)))


def refuse(findings: Sequence[Finding], accepted: Sequence[str] = ()) -> None:
    """Refuse findings, as `audit.strict` asks, except those of accepted checks.

    Raises:
        ConfigError: with the number and names of the findings.
    """
    left = [finding for finding in findings if finding.check not in accepted]
    if not left:
        return
    counts = [(level, sum(finding.level == level for finding in left)) for level in LEVELS]
    counted = listed([f"{count} {level}{'s' * (count > 1)}" for level, count in counts if count])
    named = "; ".join(f"{finding.check}{f' ({finding.where})' if finding.columns else ''}" for finding in left)
    checks = ",".join(dict.fromkeys(finding.check for finding in left))
    advice = f"fix them, or accept them with audit.accept=[{checks}]"
    raise ConfigError("audit.strict", f"{counted} found: {named}; {advice}")


def _one(finding: Finding, alike: Sequence[Finding]) -> Finding:
    columns = tuple(dict.fromkeys(column for one in alike for column in one.columns))
    return replace(finding, columns=columns, advice=_pasted(finding.advice, columns))


def _pasted(advice: str, columns: tuple[str, ...]) -> str:
    """The advice with the columns in its options, as a shell takes them; of very many columns only their number."""
    if not columns:
        return advice
    many = len(columns) > MOST_NAMED
    dropped = f"data.drop with the names of these {len(columns)} columns" if many else column_list("data.drop", columns)
    some = columns[: 2 * WORST]

    def kinds(match: re.Match[str]) -> str:
        return " ".join(option("data.kinds", match[1], column) for column in some)

    advice = re.sub(r"data\.kinds\.<column>=(\w+)", kinds, advice.replace("data.drop=[{columns}]", dropped))
    times = listed([shell_word("data.time", column) for column in some], "or", most=len(some))
    return advice.replace("data.time=<column>", times).replace("{columns}", ",".join(columns))
